// Who asks a server that is not the API server, and whether they may: upstream's delegated authentication and authorization. A client
// certificate of the cluster's CA names the user; a trusted proxy (the API server that passes a request on) names the user in headers; a
// bearer token is shown to the API server (TokenReview). Whether the user may is the API server's answer (SubjectAccessReview). Answers are
// kept for a short while, as upstream does.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/net/server.h"
#include "reference/apiserver/user.h"
#include "reference/informer/client.h"

namespace plumb::informer {

// What kube-system/extension-apiserver-authentication says of proxies.
struct ProxyTrust {
  std::string ca_pem;
  std::vector<std::string> allowed_names;  // none: any
  std::vector<std::string> username_headers, group_headers, uid_headers, extra_prefixes;
};

struct AccessQuestion {
  bool is_resource = false;
  std::string verb = {}, path = {};  // the path of what is no resource
  std::string group = {}, version = {}, resource = {}, subresource = {}, namespace_ = {}, name = {};
};

class DelegatedAccess {
 public:
  struct Options {
    std::string client_ca_pem;
    std::optional<ProxyTrust> proxy;
  };
  // `reviews` asks as the server and must outlive the answers that it gives.
  DelegatedAccess(Client& reviews, Clock& clock, Options options);
  ~DelegatedAccess();

  // What a TLS server has to verify clients' certificates with.
  std::string accepted_authorities() const;
  // Calls `done` once, with the user or why not: http_status 401 or 403, or 500 when nobody could be asked. Never blocks.
  using Done = std::function<void(Result<apiserver::UserPtr>)>;
  void check(const net::Request& request, AccessQuestion question, Done done) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Reads the ConfigMap; nullopt when it names no proxies.
Result<std::optional<ProxyTrust>> read_proxy_trust(Client& client);

}  // namespace plumb::informer
