// plumbd metrics-adapter: custom and external metrics from Prometheus.

#include <cstdio>

#include "harness/base/arguments.h"
#include "harness/base/file.h"
#include "reference/cluster/connect/connect.h"
#include "reference/cluster/control_plane/flags.h"
#include "reference/cluster/end_signals.h"
#include "reference/cluster/role.h"
#include "reference/metrics/adapter.h"

namespace plumb::cluster {
namespace {

int refuse(const Error& error) {
  std::fprintf(stderr, "plumbd metrics-adapter: %s\n", error.message.c_str());
  return error.code == Code::invalid_argument ? kExitUsage : kExitFailure;
}

class MetricsAdapterRole final : public Role {
 public:
  std::string summary() const override { return "serves custom.metrics.k8s.io and external.metrics.k8s.io by queries to Prometheus"; }
  int run(const std::vector<std::string>& args) override {
    metrics_api::AdapterOptions options;
    std::string kubeconfig, configuration;
    int port = 6443;
    Arguments arguments("plumbd metrics-adapter", summary());
    arguments.option("--kubeconfig", kubeconfig, "where the API server is and who we are there: somebody who may register APIs and list the objects that metrics are of")
        .option("--prometheus-url", options.prometheus_url, "where Prometheus answers: http://10.0.0.1:9090")
        .option("--config", configuration, "which series are metrics: rules and externalRules in prometheus-adapter's format")
        .option("--bind-address", options.bind_address, "address to serve on")
        .option("--secure-port", port, "port to serve on, over HTTPS; 0: any free one")
        .option("--advertise-address", options.advertise_address, "address at which the API server reaches this; default: it is on the same machine");
    duration_option(arguments, "--metrics-relist-interval", options.relist_interval, "time between two looks at which series there are");
    if (const auto done = arguments.parse(args)) return *done;
    if (options.prometheus_url.empty() || configuration.empty()) return refuse(fail(Code::invalid_argument, "--prometheus-url and --config have to be given"));
    options.port = static_cast<std::uint16_t>(port);
    const sigset_t set = block_end_signals();
    auto connection = connect(kubeconfig, "plumbd-metrics-adapter");
    if (!connection.ok()) return refuse(connection.error());
    auto running = start(std::move(options), configuration, *connection);
    if (!running.ok()) return refuse(running.error());
    std::printf("ready on port %d\n", (*running)->port());
    std::fflush(stdout);
    int number = 0;
    sigwait(&set, &number);
    return kExitOk;
  }

 private:
  static Result<std::unique_ptr<metrics_api::Adapter>> start(metrics_api::AdapterOptions options, const std::string& configuration, const Connection& connection) {
    auto config = metrics_api::read_adapter_config(PLUMB_TRY(read_file(configuration)));
    if (!config.ok()) return std::move(config).error().in("reading " + configuration);
    options.config = std::move(*config);
    options.client_ca_pem = connection.ca_pem;
    return metrics_api::Adapter::start(std::move(options), *connection.client, real_clock());
  }
};

const Registered<Role> registered_metrics_adapter{"metrics-adapter", [] { return std::make_unique<MetricsAdapterRole>(); }};

}  // namespace
}  // namespace plumb::cluster
