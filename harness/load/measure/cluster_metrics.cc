#include <algorithm>
#include <cstdlib>
#include <map>

#include "harness/base/encoding.h"
#include "harness/base/log.h"
#include "harness/load/measure/measurement.h"

namespace plumb::harness {
namespace {

// Sums over all label sets of the API server's own counters. Their names are stable parts of Kubernetes.
constexpr std::string_view counters[] = {"apiserver_request_total",     "apiserver_request_terminations_total", "apiserver_watch_events_total",
                                         "etcd_requests_total",         "process_cpu_seconds_total",            "rest_client_requests_total",
                                         "apiserver_init_events_total", "apiserver_flowcontrol_rejected_requests_total",
                                         // Where controllers share the API server's process.
                                         "horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_sum",
                                         "horizontal_pod_autoscaler_controller_reconciliation_duration_seconds_count"};

std::map<std::string, double> sums_in(std::string_view text) {
  std::map<std::string, double> sums;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    const std::string_view name = line.substr(0, line.find_first_of("{ "));
    const auto value = line.find_last_of(' ');
    const bool wanted = std::find(std::begin(counters), std::end(counters), name) != std::end(counters);
    if (wanted && value != std::string_view::npos) sums[std::string(name)] += std::strtod(std::string(line.substr(value + 1)).c_str(), nullptr);
  }
  return sums;
}

class ClusterMetrics final : public Measurement {
 public:
  std::string description() const override { return "what the API server's own counters grew by; left out where /metrics may not be read"; }
  Status start(const MeasurementContext& context) override {
    client_ = &context.client;
    before_ = scrape();
    return {};
  }
  Status gather(ScenarioOutcome& outcome) override {
    if (!before_) return {};
    const auto after = scrape();
    if (!after) return {};
    for (const auto& [name, value] : *after) outcome.cluster_metrics[name] = value - (*before_)[name];
    return {};
  }

 private:
  std::optional<std::map<std::string, double>> scrape() {
    const auto response = client_->raw("GET", "/metrics");
    if (response.ok() && response->status == 200) return sums_in(response->body);
    log::info("perf", "the cluster's /metrics cannot be read: its own counters are left out");
    return std::nullopt;
  }

  client::Client* client_ = nullptr;
  std::optional<std::map<std::string, double>> before_;
};

const Registered<Measurement> registered_cluster_metrics{"cluster-metrics", [] { return std::make_unique<ClusterMetrics>(); }};

}  // namespace
}  // namespace plumb::harness
