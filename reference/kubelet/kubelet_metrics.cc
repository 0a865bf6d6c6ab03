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

const std::vector<double> start_buckets{.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600};

double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }

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
  of.duration.observe(seconds(took));
  if (std::string_view(method) != "RunPodSandbox") return;
  static auto started = metrics::counter("kubelet_started_pods_total", "Cumulative number of pods started");
  static auto failed = metrics::counter("kubelet_started_pods_errors_total", "Cumulative number of errors when starting pods");
  static auto duration = metrics::histogram("kubelet_run_podsandbox_duration_seconds", "Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.",
                                            default_buckets, {{"runtime_handler", ""}});
  started.add();
  if (!ok) failed.add();
  duration.observe(seconds(took));
}

void container_starts(const char* type) {
  metrics::counter("kubelet_started_containers_total", "Cumulative number of containers started", {{"container_type", type}}).add();
}

void status_synced(Duration took) {
  static auto histogram = metrics::histogram("kubelet_pod_status_sync_duration_seconds",
                                             "Duration in seconds to sync a pod status update. Measures time from detection of a change to pod status until the API "
                                             "has taken it, however many more changes came in between.",
                                             {.01, .05, .1, .5, 1, 5, 10, 20, 30, 45, 60});
  histogram.observe(seconds(took));
}

KubeletMetrics::KubeletMetrics(const std::string& node_name, std::function<Running()> running)
    : relist_(metrics::histogram("kubelet_pleg_relist_duration_seconds", "Duration in seconds for relisting pods in PLEG.", default_buckets)),
      relist_interval_(metrics::histogram("kubelet_pleg_relist_interval_seconds", "Interval in seconds between relisting in PLEG.", default_buckets)),
      start_(metrics::histogram("kubelet_pod_start_duration_seconds", "Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run", start_buckets)),
      start_total_(metrics::histogram("kubelet_pod_start_total_duration_seconds",
                                      "Duration in seconds to start a pod since creation, including time to pull images and run init containers, until all its containers are running",
                                      start_buckets)),
      start_sli_(metrics::histogram("kubelet_pod_start_sli_duration_seconds",
                                    "Duration in seconds to start a stateless pod since creation, without the time to pull images and run init containers, until all its containers are running",
                                    start_buckets)) {
  metrics::gauge("kubelet_node_name", "The node's name. The count is always 1.", {{"node", node_name}}).set(1);
  auto pods = metrics::gauge("kubelet_running_pods", "Number of pods that have a running pod sandbox");
  auto containers = metrics::gauge("kubelet_running_containers", "Number of containers currently running", {{"container_state", "running"}});
  refresh_ = metrics::refresh_before_reading([running = std::move(running), pods, containers]() mutable {
    const Running now = running();
    pods.set(static_cast<double>(now.pods));
    containers.set(static_cast<double>(now.containers));
  });
}

void KubeletMetrics::relisted(Instant began, Instant ended) {
  if (last_relist_) relist_interval_.observe(seconds(began - *last_relist_));
  last_relist_ = began;
  relist_.observe(seconds(ended - began));
}

void KubeletMetrics::pod_started(const PodStart& start) {
  start_total_.observe(seconds(start.total));
  if (!start.sli) return;
  start_sli_.observe(seconds(*start.sli));
  if (!start.on_pod_network) return;
  std::call_once(first_on_network_, [&] {
    metrics::gauge("kubelet_first_network_pod_start_sli_duration_seconds", "The SLI of the first pod on the pods' network: what setting that network up costs").set(seconds(*start.sli));
  });
}

void KubeletMetrics::pod_runs(Duration since_seen) { start_.observe(seconds(since_seen)); }

}  // namespace plumb::kubelet
