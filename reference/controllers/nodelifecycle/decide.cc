#include "reference/controllers/nodelifecycle/decide.h"

#include <algorithm>

#include "reference/api/text/time.h"
#include "reference/controllers/framework/pods.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::nodelifecycle {

namespace {

constexpr std::string_view not_ready = "node.kubernetes.io/not-ready", unreachable = "node.kubernetes.io/unreachable";
constexpr std::string_view no_schedule = "NoSchedule", no_execute = "NoExecute";

struct ConditionTaint {
  std::string_view condition, status, taint;
};
constexpr ConditionTaint condition_taints[] = {
    {"Ready", "False", not_ready},
    {"Ready", "Unknown", unreachable},
    {"MemoryPressure", "True", "node.kubernetes.io/memory-pressure"},
    {"DiskPressure", "True", "node.kubernetes.io/disk-pressure"},
    {"NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"},
    {"PIDPressure", "True", "node.kubernetes.io/pid-pressure"},
};
constexpr std::string_view unschedulable = "node.kubernetes.io/unschedulable";

corev1::NodeCondition* condition_of(corev1::Node& node, std::string_view type) {
  for (corev1::NodeCondition& condition : node.status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

std::string_view status_of(const corev1::Node& node, std::string_view type) {
  for (const corev1::NodeCondition& condition : node.status.conditions)
    if (condition.type == type) return condition.status;
  return {};
}

// The kubelet is silent: what it last said about itself no longer counts.
void forget_conditions(corev1::Node& node, WallTime now) {
  for (const std::string_view type : {"Ready", "MemoryPressure", "DiskPressure", "PIDPressure"}) {
    corev1::NodeCondition* condition = condition_of(node, type);
    if (condition && condition->status == "Unknown") continue;
    const bool never = condition == nullptr;
    if (never) {
      condition = &node.status.conditions.emplace_back();
      condition->type = type;
      condition->lastHeartbeatTime = node.metadata.creationTimestamp;
    }
    condition->status = "Unknown";
    condition->reason = never ? "NodeStatusNeverUpdated" : "NodeStatusUnknown";
    condition->message = never ? "Kubelet never posted node status." : "Kubelet stopped posting node status.";
    condition->lastTransitionTime = api::Time::from(now);
  }
}

bool is_managed(const corev1::Taint& taint) {
  if (taint.key == unschedulable) return taint.effect == no_schedule;
  if (taint.effect == no_execute) return taint.key == not_ready || taint.key == unreachable;
  return taint.effect == no_schedule &&
         std::any_of(std::begin(condition_taints), std::end(condition_taints), [&](const auto& entry) { return entry.taint == taint.key; });
}

// Brings the managed taints up to date; others, and the times of those that stay, are kept.
void update_taints(corev1::Node& node, bool may_evict, WallTime now) {
  std::vector<std::pair<std::string_view, std::string_view>> wanted;
  for (const ConditionTaint& entry : condition_taints)
    if (status_of(node, entry.condition) == entry.status) wanted.emplace_back(entry.taint, no_schedule);
  if (node.spec.unschedulable) wanted.emplace_back(unschedulable, no_schedule);
  const std::string_view ready = status_of(node, "Ready");
  if (may_evict && ready == "False") wanted.emplace_back(not_ready, no_execute);
  if (may_evict && ready == "Unknown") wanted.emplace_back(unreachable, no_execute);

  const auto is_wanted = [&](const corev1::Taint& taint) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const auto& want) { return taint.key == want.first && taint.effect == want.second; });
  };
  node.spec.taints.erase_if([&](const corev1::Taint& taint) { return is_managed(taint) && !is_wanted(taint); });
  for (const auto& [key, effect] : wanted) {
    const bool there = std::any_of(node.spec.taints.begin(), node.spec.taints.end(),
                                   [&, k = key, e = effect](const corev1::Taint& taint) { return taint.key == k && taint.effect == e; });
    if (there) continue;
    corev1::Taint& taint = node.spec.taints.emplace_back();
    taint.key = key;
    taint.effect = effect;
    taint.timeAdded = api::Time::from(now);
  }
}

void mark_pods(Plan& plan, const Observed& observed, WallTime now) {
  Stage stage;
  for (const auto& pod : observed.pods) {
    if (!controllers::is_ready(*pod) || is_terminal(*pod)) continue;
    Action& action = stage.actions.emplace_back();
    action.request = informer::patch_request(informer::resource_of<corev1::Pod>(), pod->metadata.namespace_, pod->metadata.name,
                                             informer::PatchType::strategic,
                                             "{\"metadata\":{\"uid\":\"" + pod->metadata.uid.str() +
                                                 "\"},\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"lastTransitionTime\":\"" +
                                                 api::format_time(now) + "\"}]}}",
                                             "status");
    action.accept = {"NotFound", "Conflict"};
    action.on_success = Event{pod, informer::event_warning, "NodeNotReady", "Node is not ready"};
  }
  if (!stage.actions.empty()) plan.stages.push_back(std::move(stage));
}

}  // namespace

bool is_ready(const corev1::Node& node) { return status_of(node, "Ready") == "True"; }

Plan decide(const Observed& observed, const Limits& limits, const Now& now) {
  Plan plan;
  if (observed.is_new) {
    const std::string name = observed.node->metadata.name.str();
    plan.record(observed.node, informer::event_normal, "RegisteredNode", "Node " + name + " event: Registered Node " + name + " in Controller");
  }
  auto next = std::static_pointer_cast<corev1::Node>(api::clone(*observed.node));
  const Duration grace = status_of(*next, "Ready").empty() ? limits.startup_grace : limits.grace;
  const Duration silent = now.steady - observed.heard;
  if (silent > grace) {
    forget_conditions(*next, now.wall);
  } else {
    plan.come_again(grace - silent + std::chrono::milliseconds(1));
  }
  update_taints(*next, !observed.all_unready, now.wall);

  if (!(next->spec.taints == observed.node->spec.taints)) plan.act(informer::update_request(next)).accept = {"NotFound"};
  if (!(next->status == observed.node->status)) plan.act(informer::update_status_request(next)).accept = {"NotFound"};
  const std::string_view ready = status_of(*next, "Ready");
  if (!ready.empty() && ready != "True") {
    mark_pods(plan, observed, now.wall);
    if (observed.reported_ready)
      plan.record(observed.node, informer::event_normal, "NodeNotReady", "Node " + next->metadata.name.str() + " status is now: NodeNotReady");
  }
  return plan;
}

}  // namespace plumb::controllers::nodelifecycle
