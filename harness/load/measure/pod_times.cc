#include "harness/load/measure/pod_times.h"

#include <simdjson.h>

#include <algorithm>

#include "harness/load/measure/reconcile_rules.h"

namespace plumb::harness {
namespace {

constexpr std::array<std::string_view, PodTimes::stages> conditions{"pods-created", "pods-schedulable", "pods-unschedulable", "pods-scheduled", "pods-running", "pods-ready", "pods-gone"};

bool is_gated(const simdjson::dom::element& pod) {
  simdjson::dom::array gates;
  return !pod.at_pointer("/spec/schedulingGates").get(gates) && gates.size() != 0;
}

}  // namespace

Status PodTimes::start(const MeasurementContext& context) {
  changed_ = context.changed;
  recorder_ = PLUMB_TRY(Recorder::start(context.transport, context.clock, watch_path(context, {"v1", "pods", context.space}),
                                        [this](Instant arrived, std::string_view type, const simdjson::dom::element& pod) { record(arrived, type, pod); }));
  return {};
}

void PodTimes::record(Instant arrived, std::string_view type, const simdjson::dom::element& pod) {
  std::string_view uid, node, phase;
  if (pod.at_pointer("/metadata/uid").get(uid)) return;
  const bool placed = !pod.at_pointer("/spec/nodeName").get(node) && !node.empty();
  const bool runs = !pod.at_pointer("/status/phase").get(phase) && phase == "Running";
  const ObjectReader facts(pod);
  {
    std::lock_guard lock(mutex_);
    Times& times = pods_[std::string(uid)];
    const auto reach = [&](Stage stage, bool now) {
      if (!now || times[stage]) return;
      times[stage] = arrived;
      ++counts_[stage];
    };
    reach(created, true);
    reach(schedulable, !is_gated(pod));
    reach(unschedulable, !placed && facts.condition("PodScheduled") == "False" && !is_gated(pod));
    reach(scheduled, placed);
    reach(running, runs);
    reach(ready, facts.condition("Ready") == "True");
    reach(gone, type == "DELETED");
  }
  changed_();
}

std::optional<std::uint64_t> PodTimes::reached(std::string_view condition) const {
  const auto found = std::find(conditions.begin(), conditions.end(), condition);
  if (found == conditions.end()) return std::nullopt;
  std::lock_guard lock(mutex_);
  return counts_[static_cast<std::size_t>(found - conditions.begin())];
}

PodTimes::Durations PodTimes::between(Stage from, Stage to) const {
  std::vector<std::pair<Instant, double>> passed;
  Durations result;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [uid, times] : pods_) {
      if (!times[from]) continue;
      if (times[to]) passed.emplace_back(*times[to], std::chrono::duration<double>(*times[to] - *times[from]).count());
      else ++result.unfinished;
    }
  }
  std::sort(passed.begin(), passed.end());
  for (const auto& [moment, seconds] : passed) result.seconds.push_back(seconds);
  return result;
}

std::vector<Instant> PodTimes::moments(Stage stage) const {
  std::vector<Instant> result;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [uid, times] : pods_) {
      if (times[stage]) result.push_back(*times[stage]);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

}  // namespace plumb::harness
