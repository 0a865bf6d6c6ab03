// The controller "namespace-controller": empties a namespace that is being deleted, tells by conditions what keeps it, and lets it go when
// nothing is left. Pods go first; all else only when the last pod has gone, so that nothing a pod relies on (a network policy) goes
// before it.
#include <map>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers::namespaces {

namespace {

using NamespacePtr = std::shared_ptr<const corev1::Namespace>;
using Resources = std::vector<const informer::Resource*>;

constexpr std::string_view finalizer = "kubernetes";
constexpr Duration look_again = std::chrono::seconds(2);

bool has_finalizer(const corev1::Namespace& home) {
  return std::any_of(home.spec.finalizers.begin(), home.spec.finalizers.end(), [](const api::Str& name) { return name == finalizer; });
}

// What was found in the namespace, by resource.
struct Remaining {
  std::map<std::string, std::size_t> instances, finalizers;

  void add(const informer::Resource& resource, const std::vector<ObjectPtr>& items) {
    if (items.empty()) return;
    instances[resource.group_resource()] = items.size();
    for (const ObjectPtr& item : items)
      for (const api::Str& name : item->metadata.finalizers) ++finalizers[name.str()];
  }
  bool none() const { return instances.empty(); }
  static std::string text(const std::map<std::string, std::size_t>& counts, std::string_view joint) {
    std::string text;
    for (const auto& [name, count] : counts)
      text.append(text.empty() ? "" : ", ").append(name).append(joint).append(std::to_string(count)).append(" resource instances");
    return text;
  }
};

void set_condition(corev1::NamespaceStatus& status, std::string_view type, bool holds, std::string_view reason, std::string_view message, WallTime now) {
  corev1::NamespaceCondition* found = nullptr;
  for (corev1::NamespaceCondition& condition : status.conditions)
    if (condition.type == type) found = &condition;
  const std::string_view state = holds ? "True" : "False";
  if (found && found->status == state && found->reason == reason && found->message == message) return;
  if (!found) found = &status.conditions.emplace_back();
  if (found->status != state) found->lastTransitionTime = api::Time::from(now);
  found->type = type;
  found->status = state;
  found->reason = reason;
  found->message = message;
}

void set_conditions(corev1::NamespaceStatus& status, const Remaining& remaining, const std::optional<Error>& failure, WallTime now) {
  set_condition(status, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resource types are known", now);
  set_condition(status, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All group versions were understood", now);
  set_condition(status, "NamespaceDeletionContentFailure", failure.has_value(), failure ? "ContentDeletionFailed" : "ContentDeleted",
                failure ? "Failed to delete all content: " + failure->message : "All content was asked to go; finalizers may still hold it", now);
  const bool remains = !remaining.none(), held = !remaining.finalizers.empty();
  set_condition(status, "NamespaceContentRemaining", remains, remains ? "SomeResourcesRemain" : "ContentRemoved",
                remains ? "Still there: " + Remaining::text(remaining.instances, " has ") : "All content is gone", now);
  set_condition(status, "NamespaceFinalizersRemaining", held, held ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
                held ? "Held by finalizers: " + Remaining::text(remaining.finalizers, " in ") : "No finalizer holds content", now);
}

Stage lists(const corev1::Namespace& home, const Resources& resources) {
  Stage stage;
  for (const informer::Resource* resource : resources) {
    Action& action = stage.actions.emplace_back();
    action.request.resource = resource;
    action.request.namespace_ = home.metadata.name.str();
    action.list = true;
    action.accept = {"NotFound", "MethodNotAllowed"};
  }
  return stage;
}

// What is on its way already is not asked to go again.
bool is_all_going(const std::vector<ObjectPtr>& items) {
  return std::all_of(items.begin(), items.end(), [](const ObjectPtr& item) { return static_cast<bool>(item->metadata.deletionTimestamp); });
}

Stage deletions(const corev1::Namespace& home, const Resources& resources, const Outcome& found) {
  Stage stage;
  metav1::DeleteOptions options;
  options.propagationPolicy = metav1::DeletePropagationBackground;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    if (is_all_going(found.answers[i].items)) continue;
    Action& action = stage.actions.emplace_back();
    action.request = informer::remove_collection_request(*resources[i], home.metadata.name, options);
    action.accept = {"NotFound"};
  }
  return stage;
}

Remaining remaining_of(const Resources& resources, const Outcome& outcome, std::size_t first) {
  Remaining remaining;
  for (std::size_t i = 0; i < resources.size(); ++i) remaining.add(*resources[i], outcome.answers[first + i].items);
  return remaining;
}

// Writes the conditions; where nothing is left, also lets the namespace go.
Plan conclude(const NamespacePtr& home, const Remaining& remaining, const std::optional<Error>& failure, const Now& now) {
  Plan plan;
  auto next = std::static_pointer_cast<corev1::Namespace>(api::clone(*home));
  next->status.phase = corev1::NamespaceTerminating;
  set_conditions(next->status, remaining, failure, now.wall);
  if (!(next->status == home->status)) plan.act(informer::update_status_request(next)).accept = {"NotFound"};
  if (failure) {
    plan.retry = failure;
  } else if (!remaining.none()) {
    plan.come_again(look_again);
  } else {
    auto released = std::static_pointer_cast<corev1::Namespace>(api::clone(*next));
    released->spec.finalizers.erase_if([](const api::Str& name) { return name == finalizer; });
    plan.act(informer::update_request(std::move(released), "finalize")).accept = {"NotFound"};
  }
  return plan;
}

// Deletes what the lists have shown of these resources, and looks again.
Plan empty_of(const NamespacePtr& home, const Resources& resources, const Outcome& found, std::function<Plan(const Remaining&)> when_listed, const Now& now) {
  Plan plan;
  Stage doomed = deletions(*home, resources, found);
  if (doomed.actions.empty()) return when_listed(remaining_of(resources, found, 0));
  const std::size_t first = doomed.actions.size();
  plan.stages.push_back(std::move(doomed));
  plan.stages.push_back(lists(*home, resources));
  plan.then = [=](const Outcome& outcome) {
    const Remaining remaining = remaining_of(resources, outcome, first);
    return outcome.failure ? conclude(home, remaining, outcome.failure, now) : when_listed(remaining);
  };
  return plan;
}

Plan empty_all(const NamespacePtr& home, const Resources& resources, const Now& now) {
  Plan plan;
  plan.stages.push_back(lists(*home, resources));
  plan.then = [=](const Outcome& found) {
    if (found.failure) return conclude(home, {}, found.failure, now);
    return empty_of(home, resources, found, [=](const Remaining& remaining) { return conclude(home, remaining, std::nullopt, now); }, now);
  };
  return plan;
}

Plan decide(const NamespacePtr& home, const Resources& pods, const Resources& others, const Now& now) {
  if (!home || !home->metadata.deletionTimestamp || !has_finalizer(*home)) return {};
  Plan plan;
  plan.stages.push_back(lists(*home, pods));
  plan.then = [=](const Outcome& found) {
    if (found.failure) return conclude(home, {}, found.failure, now);
    return empty_of(home, pods, found,
                    [=](const Remaining& remaining) {
                      return remaining.none() ? empty_all(home, others, now) : conclude(home, remaining, std::nullopt, now);
                    },
                    now);
  };
  return plan;
}

class Namespaces final : public Controller {
 public:
  std::string component() const override { return "namespace-controller"; }
  std::string queue_name() const override { return "namespace"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"delete,get,list,watch", "core", "namespaces"},
            {"update", "core", "namespaces/finalize,namespaces/status"},
            {"delete,deletecollection,get,list,watch", "*", "*"}};
  }
  int workers() const override { return 10; }

  void watch(Watches& watches) override {
    for (const informer::Resource* resource : resources::all()) {
      if (!resource->names().namespaced || resource->is_virtual() || resource->stored_as()) continue;
      const auto verbs = resource->verbs();
      const auto serves = [&](std::string_view verb) { return std::find(verbs.begin(), verbs.end(), verb) != verbs.end(); };
      if (!serves("list") || !serves("deletecollection")) continue;
      (&resource->type() == &corev1::Pod::info() ? pods_ : others_).push_back(resource);
    }
    namespaces_ = watches.watch_keys<corev1::Namespace>();
    watches.watch<corev1::Pod>([this, &watches](const auto& before, const auto& after) {
      if (after) return;
      const auto home = namespaces_.get(before->metadata.namespace_);
      if (home && home->metadata.deletionTimestamp) watches.queue.add(before->metadata.namespace_);
    });
  }

  Plan reconcile(const std::string& key, const Now& now) override { return decide(namespaces_.get(key), pods_, others_, now); }

 private:
  Resources pods_, others_;
  informer::Lister<corev1::Namespace> namespaces_;
};

const Registered<Controller> registered{"namespace-controller", [] { return std::make_unique<Namespaces>(); }};

}  // namespace

}  // namespace plumb::controllers::namespaces
