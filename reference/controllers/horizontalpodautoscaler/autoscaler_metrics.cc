#include "reference/controllers/horizontalpodautoscaler/autoscaler_metrics.h"

#include "harness/base/metrics.h"

namespace plumb::controllers::hpa {
namespace {

constexpr const char* prefix = "horizontal_pod_autoscaler_controller_";

const std::vector<double>& buckets() {
  static const std::vector<double> doubling = [] {
    std::vector<double> bounds;
    double bound = 0.001;
    for (int i = 0; i < 15; ++i, bound *= 2) bounds.push_back(bound);
    return bounds;
  }();
  return doubling;
}

std::string action_of(std::int32_t before, std::int32_t after) { return after > before ? "scale_up" : after < before ? "scale_down" : "none"; }
std::string error_of(bool failed, bool in_spec) { return !failed ? "none" : in_spec ? "spec" : "internal"; }

void count_one(const std::string& name, const std::string& help, const metrics::Labels& labels) { metrics::counter(prefix + name, help, labels).add(); }
void add_time(const std::string& name, const std::string& help, const metrics::Labels& labels, Duration took) {
  metrics::histogram(prefix + name, help, buckets(), labels).observe(std::chrono::duration<double>(took).count());
}

}  // namespace

void count_autoscalers(std::size_t count) {
  static metrics::Gauge gauge = metrics::gauge(std::string(prefix) + "num_horizontal_pod_autoscalers", "Horizontal pod autoscalers that there are.");
  gauge.set(static_cast<double>(count));
}

void observe(const Decision& decision, const Autoscaler& autoscaler, std::int32_t current, Duration took) {
  const bool failed = decision.failure.has_value(), in_spec = failed && decision.failure->code == Code::invalid_argument;
  const bool scaled = decision.scale_to && decision.status.lastScaleTime && !(decision.status.lastScaleTime == autoscaler.status.lastScaleTime);
  const metrics::Labels labels{{"action", action_of(current, scaled ? *decision.scale_to : current)}, {"error", error_of(failed, in_spec)}};
  count_one("reconciliations_total", "Reconciliations, by what they did and what went wrong.", labels);
  add_time("reconciliation_duration_seconds", "How long a reconciliation takes.", labels, took);
  for (const Computation& computed : decision.computed) {
    const metrics::Labels of_metric{{"action", action_of(current, computed.failed ? current : computed.proposed)},
                                    {"error", error_of(computed.failed, computed.in_spec)},
                                    {"metric_type", computed.metric_type}};
    count_one("metric_computation_total", "Computations of one metric, by what it asked for and what went wrong.", of_metric);
    add_time("metric_computation_duration_seconds", "How long one metric takes, with the others of its autoscaler.", of_metric, took);
  }
  metrics::gauge(std::string(prefix) + "desired_replicas", "Replicas that an autoscaler wants.",
                 {{"namespace", autoscaler.metadata.namespace_.str()}, {"hpa_name", autoscaler.metadata.name.str()}})
      .set(decision.status.desiredReplicas);
}

}  // namespace plumb::controllers::hpa
