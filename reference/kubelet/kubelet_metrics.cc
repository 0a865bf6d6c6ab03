#include "reference/kubelet/kubelet_metrics.h"

#include <cctype>
#include <map>
#include <mutex>

namespace plumb::kubelet {
namespace {

// prometheus' defaults.
const std::vector<double> default_buckets{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

// 5 ms, times 2.5, fourteen bounds.
std::vector<double> operation_buckets() {
  std::vector<double> bounds;
  double bound = 0.005;
  for (int i = 0; i < 14; ++i, bound *= 2.5) bounds.push_back(bound);
  return bounds;
}

// "RunPodSandbox" is "run_podsandbox" there, "CreateContainer" "create_container".
std::string operation_name(std::string_view method) {
  std::string name;
  for (const char c : method) {
    if (std::isupper(static_cast<unsigned char>(c)) && !name.empty() && !(c == 'S' && name.ends_with("pod"))) name += '_';
    name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

struct Operation {
  metrics::Counter total, errors;
  metrics::Histogram duration;
};

Operation& operation(const char* method) {
  static std::mutex mutex;
  static std::map<std::string, Operation, std::less<>> known;
  std::lock_guard lock(mutex);
  const auto found = known.find(method);
  if (found != known.end()) return found->second;
  const metrics::Labels labels{{"operation_type", operation_name(method)}};
  return known.emplace(method, Operation{metrics::counter("kubelet_runtime_operations_total", "Cumulative number of runtime operations by operation type.", labels),
                                         metrics::counter("kubelet_runtime_operations_errors_total", "Cumulative number of runtime operation errors by operation type.", labels),
                                         metrics::histogram("kubelet_runtime_operations_duration_seconds", "Duration in seconds of runtime operations. Broken down by operation type.",
                                                            operation_buckets(), labels)})
      .first->second;
}

}  // namespace

void runtime_operation_ended(const char* method, Duration took, bool ok) {
  Operation& of = operation(method);
  of.total.add();
  if (!ok) of.errors.add();
  of.duration.observe(std::chrono::duration<double>(took).count());
}

KubeletMetrics::KubeletMetrics(const std::string& node_name, std::function<Running()> running)
    : relist_(metrics::histogram("kubelet_pleg_relist_duration_seconds", "Duration in seconds for relisting pods in PLEG.", default_buckets)) {
  metrics::gauge("kubelet_node_name", "The node's name. The count is always 1.", {{"node", node_name}}).set(1);
  auto pods = metrics::gauge("kubelet_running_pods", "Number of pods that have a running pod sandbox");
  auto containers = metrics::gauge("kubelet_running_containers", "Number of containers currently running", {{"container_state", "running"}});
  refresh_ = metrics::refresh_before_reading([running = std::move(running), pods, containers]() mutable {
    const Running now = running();
    pods.set(static_cast<double>(now.pods));
    containers.set(static_cast<double>(now.containers));
  });
}

void KubeletMetrics::relisted(Duration took) { relist_.observe(std::chrono::duration<double>(took).count()); }

}  // namespace plumb::kubelet
