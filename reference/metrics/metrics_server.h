// metrics.k8s.io: what nodes and pods use, from their kubelets; what upstream's metrics-server does, behind the API server as it is.
#pragma once

#include <memory>
#include <string>

#include "reference/informer/informer.h"
#include "reference/metrics/scraper.h"

namespace plumb::metrics_api {

struct MetricsServerOptions {
  ScraperOptions scraper;
  std::string bind_address = "0.0.0.0";
  std::uint16_t port = 0;         // 0: any free one
  std::string advertise_address;  // where the API server reaches it; empty or local: on the API server's machine
  std::string client_ca_pem;      // of clients that come without the API server
};

class MetricsServer {
 public:
  // Serves and registers itself when it returns; what is unregistered later is registered again within a minute.
  static Result<std::unique_ptr<MetricsServer>> start(MetricsServerOptions options, informer::Client& client, informer::InformerFactory& informers, Clock& clock);
  ~MetricsServer();
  std::uint16_t port() const;

 private:
  struct Core;
  explicit MetricsServer(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace plumb::metrics_api
