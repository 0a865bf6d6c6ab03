#include "harness/load/measure/autoscaling_tracker.h"

#include <algorithm>
#include <charconv>

#include "harness/load/measure/reconcile_rules.h"

namespace plumb::harness {
namespace {

constexpr double default_utilization = 0.8;  // of an autoscaler that names no metric

std::string label_of(std::string_view key, std::string_view value) { return std::string(key) + "=" + std::string(value); }

double requested_by(const simdjson::dom::element& workload) {
  double sum = 0;
  simdjson::dom::array containers;
  if (workload.at_pointer("/spec/template/spec/containers").get(containers)) return 0;
  for (const auto container : containers) {
    std::string_view cpu;
    if (!container.at_pointer("/resources/requests/cpu").get(cpu)) sum += cores_of(cpu);
  }
  return sum;
}

}  // namespace

double cores_of(std::string_view quantity) {
  double value = 0;
  const auto [end, error] = std::from_chars(quantity.data(), quantity.data() + quantity.size(), value);
  if (error != std::errc()) return 0;
  const std::string_view suffix = quantity.substr(static_cast<std::size_t>(end - quantity.data()));
  if (suffix.empty()) return value;
  if (suffix == "n") return value * 1e-9;
  if (suffix == "u") return value * 1e-6;
  if (suffix == "m") return value * 1e-3;
  return suffix == "k" ? value * 1e3 : 0;
}

void AutoscalingTracker::workload(Instant arrived, std::string_view type, const simdjson::dom::element& object) {
  const ObjectReader reader(object);
  const std::string name(reader.text("/metadata/name"));
  if (type == "DELETED") {
    if (const auto found = workloads_.find(name); found != workloads_.end()) {
      by_label_.erase(found->second.label);
      workloads_.erase(found);
    }
    return;
  }
  const bool is_new = !workloads_.contains(name);
  Known& known = workloads_[name];
  if (is_new) {
    simdjson::dom::object labels;
    std::string_view value;
    if (!object.at_pointer("/spec/selector/matchLabels").get(labels) && labels.size() != 0 && !(*labels.begin()).value.get(value)) known.label = label_of((*labels.begin()).key, value);
    by_label_[known.label] = name;
  }
  known.state.scale(arrived, reader.number("/spec/replicas", 1), requested_by(object));
  if (!is_new) return;
  if (load_) known.state.load(*load_);
  if (const auto waiting = early_.find(name); waiting != early_.end()) {
    known.state.goal(arrived, waiting->second.goal, waiting->second.current);
    early_.erase(waiting);
  }
}

void AutoscalingTracker::autoscaler(Instant arrived, std::string_view type, const simdjson::dom::element& object) {
  const ObjectReader reader(object);
  const std::string target(reader.text("/spec/scaleTargetRef/name"));
  if (type == "DELETED") return;
  Scaling scaling;
  scaling.goal.least = reader.number("/spec/minReplicas", 1);
  scaling.goal.most = reader.number("/spec/maxReplicas", 1);
  scaling.goal.utilization = static_cast<double>(reader.number("/spec/metrics/0/resource/target/averageUtilization")) / 100;
  scaling.goal.value = cores_of(reader.text("/spec/metrics/0/resource/target/averageValue"));
  if (scaling.goal.utilization <= 0 && scaling.goal.value <= 0) scaling.goal.utilization = default_utilization;
  if (scaling.goal.utilization > 0 && reader.has("/status/currentMetrics/0/resource/current/averageUtilization"))
    scaling.current = static_cast<double>(reader.number("/status/currentMetrics/0/resource/current/averageUtilization")) / 100;
  else if (reader.has("/status/currentMetrics/0/resource/current/averageValue"))
    scaling.current = cores_of(reader.text("/status/currentMetrics/0/resource/current/averageValue"));
  const auto found = workloads_.find(target);
  if (found == workloads_.end()) early_[target] = scaling;
  else found->second.state.goal(arrived, scaling.goal, scaling.current);
}

void AutoscalingTracker::pod(Instant arrived, std::string_view type, const simdjson::dom::element& object) {
  const ObjectReader reader(object);
  const std::string name(reader.text("/metadata/name"));
  if (!by_pod_.contains(name)) {
    simdjson::dom::object labels;
    if (object.at_pointer("/metadata/labels").get(labels)) return;
    for (const auto field : labels) {
      std::string_view value;
      if (field.value.get(value)) continue;
      if (const auto found = by_label_.find(label_of(field.key, value)); found != by_label_.end()) by_pod_[name] = found->second;
    }
  }
  Known* known = of_pod(name);
  if (!known) return;
  const bool there = type != "DELETED";
  known->state.pod(arrived, name, there, there && !reader.has("/metadata/deletionTimestamp") && reader.condition("Ready") == "True");
  if (!there) by_pod_.erase(name);
}

AutoscalingTracker::Known* AutoscalingTracker::of_pod(const std::string& pod) {
  const auto name = by_pod_.find(pod);
  if (name == by_pod_.end()) return nullptr;
  const auto found = workloads_.find(name->second);
  return found == workloads_.end() ? nullptr : &found->second;
}

void AutoscalingTracker::metrics(Instant arrived, const simdjson::dom::element& list) {
  std::map<Known*, std::map<std::string, AutoscalingWorkload::Usage, std::less<>>> usages;
  for (auto& [name, known] : workloads_) usages[&known];
  simdjson::dom::array items;
  if (list["items"].get(items)) return;
  for (const auto item : items) {
    const ObjectReader reader(item);
    const std::string name(reader.text("/metadata/name"));
    Known* known = of_pod(name);
    if (!known) continue;
    AutoscalingWorkload::Usage& usage = usages[known][name];
    usage.sample = reader.text("/timestamp");
    simdjson::dom::array containers;
    if (item["containers"].get(containers)) continue;
    for (const auto container : containers) usage.cores += cores_of(ObjectReader(container).text("/usage/cpu"));
  }
  for (auto& [known, of_pods] : usages) known->state.usage(arrived, of_pods);
}

void AutoscalingTracker::load(const LoadChange& change) {
  load_ = change;
  for (auto& [name, known] : workloads_) known.state.load(change);
}

std::uint64_t AutoscalingTracker::measured() const {
  return static_cast<std::uint64_t>(std::count_if(workloads_.begin(), workloads_.end(), [](const auto& entry) { return entry.second.state.measured(); }));
}
std::uint64_t AutoscalingTracker::settled() const {
  return static_cast<std::uint64_t>(std::count_if(workloads_.begin(), workloads_.end(), [](const auto& entry) { return entry.second.state.settled(); }));
}

AutoscalingWorkload::Account AutoscalingTracker::account(Instant now) {
  AutoscalingWorkload::Account all;
  for (auto& [name, known] : workloads_) {
    auto one = known.state.account(now);
    all.reactions.insert(all.reactions.end(), one.reactions.begin(), one.reactions.end());
    all.missing += one.missing;
    all.excess += one.excess;
    all.rescales += one.rescales;
  }
  return all;
}

}  // namespace plumb::harness
