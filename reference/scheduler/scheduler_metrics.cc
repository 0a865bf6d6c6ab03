#include "reference/scheduler/scheduler_metrics.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "harness/base/metrics.h"

namespace plumb::scheduler {

namespace {

std::vector<double> doubling(double first, int count) {
  std::vector<double> bounds;
  for (int i = 0; i < count; ++i, first *= 2) bounds.push_back(first);
  return bounds;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

constexpr std::array<const char*, 3> results = {"scheduled", "unschedulable", "error"};
constexpr std::array<const char*, SchedulingQueue::places> queues = {"active", "backoff", "unschedulable", "gated"};

metrics::Histogram point(std::string_view name, std::string_view status, std::string_view profile) {
  return metrics::histogram("scheduler_framework_extension_point_duration_seconds", "Latency for running all plugins of an extension point.",
                            doubling(0.0001, 12),
                            {{"extension_point", std::string(name)}, {"status", std::string(status)}, {"profile", std::string(profile)}});
}

struct OfProfile {
  std::vector<metrics::Counter> attempts;
  std::vector<metrics::Histogram> durations;
  metrics::Histogram pre_filter, filter, score, bind, bind_failed;

  explicit OfProfile(const std::string& profile)
      : pre_filter(point("PreFilter", "Success", profile)), filter(point("Filter", "Success", profile)),
        score(point("Score", "Success", profile)), bind(point("Bind", "Success", profile)), bind_failed(point("Bind", "Error", profile)) {
    for (const char* result : results) {
      attempts.push_back(metrics::counter("scheduler_schedule_attempts_total", "Number of attempts to schedule pods, by the result.",
                                          {{"result", result}, {"profile", profile}}));
      durations.push_back(metrics::histogram("scheduler_scheduling_attempt_duration_seconds",
                                             "Scheduling attempt latency in seconds (scheduling algorithm and binding).", doubling(0.001, 15),
                                             {{"result", result}, {"profile", profile}}));
    }
  }
};

}  // namespace

struct SchedulerMetrics::Handles {
  std::mutex mutex;
  std::map<std::string, OfProfile, std::less<>> profiles;                                  // under mutex
  std::map<std::pair<int, std::string_view>, metrics::Counter> incoming;                   // under mutex; events are literals
  std::map<int, metrics::Histogram> latencies;                                             // under mutex, by attempts
  metrics::Histogram algorithm = metrics::histogram("scheduler_scheduling_algorithm_duration_seconds", "Scheduling algorithm latency in seconds.",
                                                    doubling(0.001, 15));
  metrics::Histogram attempts = metrics::histogram("scheduler_pod_scheduling_attempts", "Number of attempts to successfully schedule a pod.",
                                                   doubling(1, 5));
  metrics::Counter preemption_attempts =
      metrics::counter("scheduler_preemption_attempts_total", "Total preemption attempts in the cluster till now.", {});
  metrics::Histogram preemption_victims = metrics::histogram("scheduler_preemption_victims", "Number of selected preemption victims.", doubling(1, 7));
  std::vector<metrics::Gauge> pending;

  OfProfile& of(std::string_view profile) {
    std::lock_guard lock(mutex);
    const auto found = profiles.find(profile);
    return found != profiles.end() ? found->second : profiles.emplace(profile, std::string(profile)).first->second;
  }
};

SchedulerMetrics::SchedulerMetrics() : handles_(std::make_unique<Handles>()) {
  for (const char* queue : queues)
    handles_->pending.push_back(metrics::gauge("scheduler_pending_pods", "Number of pending pods, by the queue.", {{"queue", queue}}));
}
SchedulerMetrics::~SchedulerMetrics() = default;

void SchedulerMetrics::tried(TryResult result, std::string_view profile, Duration took) {
  OfProfile& of = handles_->of(profile);
  of.attempts[static_cast<std::size_t>(result)].add();
  of.durations[static_cast<std::size_t>(result)].observe(seconds(took));
}

void SchedulerMetrics::decided(const Decision& decision, std::string_view profile) {
  OfProfile& of = handles_->of(profile);
  handles_->algorithm.observe(seconds(decision.pre_filter + decision.filter + decision.score));
  of.pre_filter.observe(seconds(decision.pre_filter));
  of.filter.observe(seconds(decision.filter));
  if (decision.post_filtered) handles_->preemption_attempts.add();
  if (!decision.victims.empty()) handles_->preemption_victims.observe(static_cast<double>(decision.victims.size()));
  if (decision.feasible > 1) of.score.observe(seconds(decision.score));
}

void SchedulerMetrics::bound(std::string_view profile, Duration took, bool ok) {
  OfProfile& of = handles_->of(profile);
  (ok ? of.bind : of.bind_failed).observe(seconds(took));
}

void SchedulerMetrics::scheduled(int attempts, Duration since_first) {
  handles_->attempts.observe(attempts);
  std::lock_guard lock(handles_->mutex);
  auto found = handles_->latencies.find(std::min(attempts, 16));
  if (found == handles_->latencies.end()) {
    const std::string label = attempts >= 16 ? "16+" : std::to_string(attempts);
    found = handles_->latencies
                .emplace(std::min(attempts, 16),
                         metrics::histogram("scheduler_pod_scheduling_sli_duration_seconds",
                                            "E2e latency for a pod being scheduled, from the time the pod enters the scheduling queue.",
                                            doubling(0.01, 20), {{"attempts", label}}))
                .first;
  }
  found->second.observe(seconds(since_first));
}

void SchedulerMetrics::pending(const SchedulingQueue& queue) {
  for (std::size_t i = 0; i < SchedulingQueue::places; ++i)
    handles_->pending[i].set(static_cast<double>(queue.size(static_cast<SchedulingQueue::Place>(i))));
}

void SchedulerMetrics::incoming(SchedulingQueue::Place place, std::string_view event) {
  std::lock_guard lock(handles_->mutex);
  const std::pair key(static_cast<int>(place), event);
  auto found = handles_->incoming.find(key);
  if (found == handles_->incoming.end()) {
    const metrics::Labels labels{{"queue", queues[static_cast<std::size_t>(place)]}, {"event", std::string(event)}};
    found = handles_->incoming
                .emplace(key, metrics::counter("scheduler_queue_incoming_pods_total", "Number of pods added to scheduling queues by event and queue type.", labels))
                .first;
  }
  found->second.add();
}

}  // namespace plumb::scheduler
