// The API server as one object: store underneath, HTTPS above, and the registry for components in the same process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/net/client.h"
#include "harness/net/tls.h"
#include "reference/apiserver/aggregation/aggregator.h"
#include "reference/apiserver/aggregation/trust.h"
#include "reference/apiserver/authentication/authenticator.h"
#include "reference/apiserver/authorization/authorizer.h"
#include "reference/apiserver/http/handler.h"
#include "reference/apiserver/registry/registry.h"
#include "reference/apiserver/services/services.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

// Who is let in, and what is computed instead of stored. Made once the registry can be read.
struct Security {
  std::vector<std::unique_ptr<Authenticator>> authenticators;
  std::vector<std::unique_ptr<Authorizer>> authorizers;
  std::unique_ptr<TokenIssuer> tokens;
  std::map<std::string, std::unique_ptr<VirtualResource>> virtual_resources;  // by group_resource()
  std::vector<Route> routes;  // for instance /.well-known/openid-configuration
  bool anonymous = true;
};

struct ApiserverOptions {
  store::Store* store = nullptr;
  bool remote_store = false;  // asking it for its revision costs a round trip
  Clock* clock = nullptr;
  std::string address = "127.0.0.1";
  std::uint16_t port = 6443;  // 0: any free one
  std::optional<net::TlsServerOptions> tls;
  int threads = 2;            // reactors
  // How the server reaches kubelets (logs, exec, port-forward); unset: not at all.
  std::optional<net::TlsClientOptions> kubelet_client;
  std::vector<std::string> disabled_admission = {};
  ServiceOptions services;
  AggregationOptions aggregation;
  TrustOptions trust;
  std::function<Result<Security>(Registry&)> security;
};

class Apiserver {
 public:
  static Result<std::unique_ptr<Apiserver>> start(ApiserverOptions options);
  // Stops: no new requests, up to a second for those in flight, watches are ended.
  ~Apiserver();

  std::uint16_t port() const;
  Registry& registry();
  const Security& security() const;
  // A GET of any path from within the process, answered as JSON as it would be over HTTPS; `user` is believed. `done` is called once.
  void get(UserPtr user, std::string user_agent, std::string path_and_query, std::function<void(Result<net::ClientResponse>)> done);

 private:
  struct Parts;
  explicit Apiserver(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace plumb::apiserver
