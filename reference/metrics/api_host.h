// A server behind the API server: HTTPS with delegated access, discovery, health and metrics. Requests for its group versions that the user
// may make are handed to `serve`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "reference/api/doc/document.h"
#include "reference/apiserver/http/path.h"
#include "reference/informer/delegated_access.h"

namespace plumb::metrics_api {

struct ServedVersion {
  std::string group, version;
  std::function<api::Doc()> resources;  // the items of its APIResourceList, as of now
};

struct ApiRequest {
  apiserver::RequestInfo info;
  apiserver::Query query;
  bool table = false;  // the client wants a meta.k8s.io/v1 Table
};
struct ApiAnswer {
  int status = 200;
  api::Doc body;
};
// A Status that says why not.
ApiAnswer refuse(int code, std::string_view reason, const std::string& message);
ApiAnswer not_found(const std::string& group_resource, const std::string& name);

using Respond = std::function<void(ApiAnswer)>;
// On a reactor thread: must not block; may respond later, once.
using Serve = std::function<void(const ApiRequest&, Respond)>;

struct ApiHostOptions {
  std::string name;  // of threads
  std::string bind_address = "0.0.0.0";
  std::uint16_t port = 0;  // 0: any free one
  std::string service, namespace_ = "kube-system";  // the Service by whose name it is reached: its certificate is for SERVICE.NAMESPACE.svc
  std::string client_ca_pem;
  std::vector<ServedVersion> served;
  std::function<bool()> ready;  // for /readyz
};

class ApiHost {
 public:
  // Reads whom to trust from the cluster (blocks); `client` asks for it and for reviews and must outlive this.
  static Result<std::unique_ptr<ApiHost>> start(ApiHostOptions options, informer::Client& client, Clock& clock, Serve serve);
  ~ApiHost();
  std::uint16_t port() const;
  const std::string& ca_pem() const;  // by which its certificate is verified; of its own making

 private:
  struct Core;
  explicit ApiHost(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::metrics_api
