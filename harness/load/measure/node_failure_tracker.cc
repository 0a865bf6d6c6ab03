#include "harness/load/measure/node_failure_tracker.h"

#include <algorithm>

#include "harness/load/measure/reconcile_rules.h"

namespace plumb::harness {
namespace {

bool has_no_execute(const simdjson::dom::element& node) {
  simdjson::dom::array taints;
  if (node.at_pointer("/spec/taints").get(taints)) return false;
  return std::any_of(taints.begin(), taints.end(), [](const auto& taint) {
    std::string_view key, effect;
    return !taint["key"].get(key) && !taint["effect"].get(effect) && key.starts_with("node.kubernetes.io/") && effect == "NoExecute";
  });
}

}  // namespace

void NodeFailureTracker::begin_phase(Instant now) {
  zero_ = now;
  failed_.clear();
  victims_.clear();
  noticed_ = tainted_ = std::nullopt;
  evicted_.clear();
  replaced_.clear();
  for (auto& [uid, pod] : pods_) pod.is_new = false;
}

void NodeFailureTracker::node(Instant arrived, std::string_view type, const simdjson::dom::element& object) {
  const ObjectReader reader(object);
  const std::string name(reader.text("/metadata/name"));
  const bool ready = type != "DELETED" && reader.condition("Ready") == "True";
  const bool was_ready = std::exchange(ready_nodes_[name], ready);
  if (failed_.empty() && was_ready && !ready) {
    for (const auto& [uid, pod] : pods_) {
      if (pod.node == name && !pod.leaving) victims_.insert(uid);
    }
    if (victims_.empty()) return;
    failed_ = name;
    noticed_ = seconds(arrived);
  }
  if (failed_ == name && !tainted_ && has_no_execute(object)) tainted_ = seconds(arrived);
}

void NodeFailureTracker::pod(Instant arrived, std::string_view type, const simdjson::dom::element& object) {
  const ObjectReader reader(object);
  const std::string uid(reader.text("/metadata/uid"));
  const bool is_new = !pods_.contains(uid);
  Pod& pod = pods_[uid];
  if (is_new) pod.is_new = true;
  pod.node = reader.text("/spec/nodeName");
  const bool was_ready = pod.ready, was_leaving = pod.leaving;
  pod.leaving = type == "DELETED" || reader.has("/metadata/deletionTimestamp");
  pod.ready = !pod.leaving && reader.condition("Ready") == "True";
  if (!failed_.empty() && pod.leaving && !was_leaving && victims_.contains(uid)) evicted_.push_back(seconds(arrived));
  if (!failed_.empty() && pod.ready && !was_ready && pod.is_new && pod.node != failed_) replaced_.push_back(seconds(arrived));
  if (type == "DELETED") pods_.erase(uid);
}

std::uint64_t NodeFailureTracker::safe() const {
  if (failed_.empty()) return 0;
  return static_cast<std::uint64_t>(std::count_if(pods_.begin(), pods_.end(), [&](const auto& entry) { return entry.second.ready && entry.second.node != failed_; }));
}

}  // namespace plumb::harness
