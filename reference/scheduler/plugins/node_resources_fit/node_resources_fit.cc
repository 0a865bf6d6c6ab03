#include <algorithm>
#include <set>

#include "reference/scheduler/plugins/node_resources_fit/strategy.h"

namespace plumb::scheduler {
namespace {

// What to say of each scalar resource of the pod that may be missing, in the order of PodInfo::requests; "" for one that is not looked at.
struct Texts final : PluginState {
  std::vector<std::string> scalars;
};

bool is_extended(std::string_view name) {
  const std::string_view domain = name.substr(0, name.find('/'));
  return name.find('/') != std::string_view::npos && domain != "kubernetes.io" && !domain.ends_with(".kubernetes.io");
}

bool fits_an_empty(const Resources& node, const Resources& wanted) {
  return wanted.cpu <= node.cpu && wanted.memory <= node.memory && wanted.ephemeral_storage <= node.ephemeral_storage &&
         std::all_of(wanted.scalars.begin(), wanted.scalars.end(), [&](const auto& entry) { return entry.second <= node.scalar(entry.first); });
}

// Some of what is wanted is more in the second.
bool more_of(const Resources& wanted, const Resources& before, const Resources& after) {
  return (wanted.cpu > 0 && after.cpu > before.cpu) || (wanted.memory > 0 && after.memory > before.memory) ||
         (wanted.ephemeral_storage > 0 && after.ephemeral_storage > before.ephemeral_storage) ||
         std::any_of(wanted.scalars.begin(), wanted.scalars.end(),
                     [&](const auto& entry) { return entry.second > 0 && after.scalar(entry.first) > before.scalar(entry.first); });
}

NodeInfo empty(const std::shared_ptr<const corev1::Node>& node) {
  NodeInfo info(node->metadata.name);
  info.set_node(node);
  return info;
}

// Is there room for the pod? Scores: by how much the node would have left.
class NodeResourcesFit final : public Plugin, public PreFilterPlugin, public FilterPlugin, public ScorePlugin {
 public:
  Traits traits() const override {
    return {.name = "NodeResourcesFit",
            .order = 80,
            .weight = 1,
            .events = event::pod_removed | event::pod_scaled_down | event::node_added | event::node_allocatable};
  }
  Status configure(const DocReader& args) override {
    PLUMB_TRY(args.members({"ignoredResources", "ignoredResourceGroups", "scoringStrategy"}));
    for (std::string& name : PLUMB_TRY(args.texts("ignoredResources"))) ignored_.insert(std::move(name));
    for (std::string& name : PLUMB_TRY(args.texts("ignoredResourceGroups"))) {
      if (name.find('/') != std::string::npos) return args.error("ignoredResourceGroups", name + " is a resource: a group has no '/'");
      ignored_groups_.insert(std::move(name));
    }
    return strategy_.configure(args);
  }

  void attach(const Handle& handle) override { table_ = &handle.table; }

  bool helps(const PodInfo& pod, const Change& change) const override {
    if (change.node) return node_helps(pod, change);
    if (change.events & event::pod_removed) return removal_helps(pod, change.node_name);
    return change.pod_before && change.pod && more_of(pod.requests, change.pod->requests, change.pod_before->requests);
  }

  PreFilterResult pre_filter(const PodInfo& pod) const override {
    PreFilterResult result;
    if (pod.requests.scalars.empty()) return result;
    auto texts = std::make_unique<Texts>();
    for (const auto& [name, amount] : pod.requests.scalars) texts->scalars.push_back(is_ignored(name) ? "" : "Insufficient " + name.str());
    result.state = std::move(texts);
    return result;
  }

  Code filter(const PluginState* state, const PodInfo& pod, const NodeInfo& node, Reasons& reasons) const override {
    Code code = Code::success;
    const auto refuse = [&](std::string_view reason, bool never_fits) {
      reasons.push_back(reason);
      if (code != Code::unschedulable_and_unresolvable) code = never_fits ? Code::unschedulable_and_unresolvable : Code::unschedulable;
    };
    const auto check = [&](std::int64_t wanted, std::int64_t taken, std::int64_t allocatable, std::string_view reason) {
      if (wanted > 0 && wanted > allocatable - taken) refuse(reason, wanted > allocatable);
    };
    const Resources& wanted = pod.requests;
    if (static_cast<std::int64_t>(node.pods.size()) + 1 > node.allocatable_pods) refuse("Too many pods", false);
    check(wanted.cpu, node.requested.cpu, node.allocatable.cpu, "Insufficient cpu");
    check(wanted.memory, node.requested.memory, node.allocatable.memory, "Insufficient memory");
    check(wanted.ephemeral_storage, node.requested.ephemeral_storage, node.allocatable.ephemeral_storage, "Insufficient ephemeral-storage");
    for (std::size_t i = 0; i < wanted.scalars.size(); ++i) {
      const auto& [name, amount] = wanted.scalars[i];
      const std::string& text = static_cast<const Texts*>(state)->scalars[i];
      if (!text.empty()) check(amount, node.requested.scalar(name), node.allocatable.scalar(name), text);
    }
    return code;
  }

  std::int64_t score(const PluginState*, const PodInfo& pod, const NodeInfo& node) const override { return strategy_.score(pod, node); }

 private:
  bool is_ignored(const api::Str& name) const {
    if ((ignored_.empty() && ignored_groups_.empty()) || !is_extended(name)) return false;
    return ignored_.contains(name.str()) || ignored_groups_.contains(name.str().substr(0, name.view().find('/')));
  }
  static bool node_helps(const PodInfo& pod, const Change& change) {
    const NodeInfo now = empty(change.node);
    if (now.allocatable_pods < 1 || !fits_an_empty(now.allocatable, pod.requests)) return false;
    if (!change.node_before) return true;
    const NodeInfo before = empty(change.node_before);
    return now.allocatable_pods > before.allocatable_pods || more_of(pod.requests, before.allocatable, now.allocatable);
  }

  // There is room now on the node that another has left, or what is left there could be told to go. Who waits for room on one node is
  // not given another's.
  bool removal_helps(const PodInfo& pod, const std::string& node_name) const {
    const NodeInfo* node = table_->find(node_name);
    if (!node) return node_name.empty() || node_name == table_->nominations.node_of(pod.uid());
    Reasons reasons;
    const Code code = filter(pre_filter(pod).state.get(), pod, *node, reasons);
    if (code != Code::unschedulable || node->least_priority >= pod.priority) return code == Code::success;
    const std::string_view waits_for = table_->nominations.node_of(pod.uid());
    return waits_for.empty() || waits_for == node_name;
  }

  const NodeTable* table_ = nullptr;
  std::set<std::string> ignored_, ignored_groups_;
  ScoringStrategy strategy_;
};

const Registered<Plugin> registered_node_resources_fit{"NodeResourcesFit", [] { return std::make_unique<NodeResourcesFit>(); }};

}  // namespace
}  // namespace plumb::scheduler
