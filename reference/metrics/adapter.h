// custom.metrics.k8s.io (v1beta2 and v1beta1) and external.metrics.k8s.io/v1beta1 by queries to Prometheus, as kubernetes-sigs/prometheus-adapter
// answers them: objects are found by name, or by label selector with the name "*".
#pragma once

#include <memory>
#include <string>

#include "reference/informer/client.h"
#include "reference/metrics/adapter_rules.h"

namespace plumb::metrics_api {

struct AdapterOptions {
  std::string prometheus_url;  // http://10.0.0.1:9090
  AdapterConfig config;
  Duration relist_interval = std::chrono::minutes(1);  // between two looks at which series there are
  std::string bind_address = "0.0.0.0";
  std::uint16_t port = 0;
  std::string advertise_address;
  std::string client_ca_pem;
};

class Adapter {
 public:
  // Serves and registers itself when it returns.
  static Result<std::unique_ptr<Adapter>> start(AdapterOptions options, informer::Client& client, Clock& clock);
  ~Adapter();
  std::uint16_t port() const;

 private:
  struct Core;
  explicit Adapter(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::metrics_api
