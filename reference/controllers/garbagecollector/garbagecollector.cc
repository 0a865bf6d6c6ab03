// The controller "garbage-collector-controller": deletes what has lost its owners, over all resources. Keys are UIDs.
//
// An owner counts as absent only when the API itself says so: the cache may not know it yet. An owner of a kind that is not served, or one
// with a namespace that an object without one names, can not be looked up; nothing is deleted on its account.
#include <algorithm>

#include "reference/controllers/framework/controller.h"
#include "reference/controllers/garbagecollector/decide.h"

namespace plumb::controllers::garbagecollector {

namespace {

using informer::Resource;

bool is_collected(const Resource& resource) {
  if (resource.is_virtual() || resource.stored_as() || resource.names().plural == "events") return false;
  static constexpr std::string_view needed[] = {"get", "list", "watch", "patch", "delete"};
  const auto verbs = resource.verbs();
  return std::all_of(std::begin(needed), std::end(needed),
                     [&](std::string_view verb) { return std::find(verbs.begin(), verbs.end(), verb) != verbs.end(); });
}

// The resource that an owner reference speaks of, and the namespace to look in; nullopt when nobody can say.
struct Place {
  const Resource* resource;
  std::string_view namespace_;
};
std::optional<Place> place_of(const metav1::OwnerReference& owner, const api::Object& dependent) {
  const api::TypeInfo* type = api::find_type(owner.apiVersion, owner.kind);
  const Resource* named = type ? resources::find_by_type(*type) : nullptr;
  const Resource* resource = named ? &named->stored() : nullptr;
  if (!resource || !is_collected(*resource)) return std::nullopt;
  if (!resource->names().namespaced) return Place{resource, {}};
  if (dependent.metadata.namespace_.empty()) return std::nullopt;
  return Place{resource, dependent.metadata.namespace_};
}

class GarbageCollector final : public Controller {
 public:
  std::string component() const override { return "garbage-collector-controller"; }
  std::string account() const override { return "generic-garbage-collector"; }
  std::string queue_name() const override { return "garbage_collector_attempt_to_delete"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"delete,get,list,patch,update,watch", "*", "*"},
            apiserver::records_events};
  }
  int workers() const override { return 20; }

  void watch(Watches& watches) override {
    for (const Resource* resource : resources::all())
      if (is_collected(*resource)) stores_[resource] = &watches.informer(*resource).store();
    for (const auto& [resource, store] : stores_) {
      watches.informer(*resource).add_handler([this, &watches, resource = resource](const ObjectPtr& before, const ObjectPtr& after) {
        for (const std::string& uid : graph_.change(*resource, before, after)) watches.queue.add(uid);
      });
    }
  }

  Plan reconcile(const std::string& uid, const Now&) override {
    const auto node = graph_.find(uid);
    const ObjectPtr cached = node ? lookup(*node, uid) : nullptr;
    if (!cached || !is_worth_a_call(*cached)) return {};

    const auto& meta = cached->metadata;
    Plan plan;
    Stage& stage = plan.stage();
    add_get(stage, *node->resource, meta.namespace_, meta.name);
    std::vector<std::size_t> asked(meta.ownerReferences.size());  // where the answer about an owner stands; 0: the cache knows it
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const metav1::OwnerReference& owner = meta.ownerReferences[i];
      const auto place = place_of(owner, *cached);
      if (!place || cached_owner(owner, *place)) continue;
      asked[i] = stage.actions.size();
      add_get(stage, *place->resource, place->namespace_, owner.name);
    }
    plan.then = [this, uid, cached, resource = node->resource, asked](const Outcome& outcome) {
      Plan after;
      if (outcome.failure) {
        after.retry = outcome.failure;
        return after;
      }
      return judge(uid, *cached, *resource, asked, outcome);
    };
    return plan;
  }

 private:
  ObjectPtr lookup(const Graph::Node& node, const std::string& uid) const {
    ObjectPtr object = stores_.at(node.resource)->get(node.key);
    return object && object->metadata.uid == uid ? object : nullptr;
  }

  ObjectPtr cached_owner(const metav1::OwnerReference& owner, const Place& place) const {
    ObjectPtr object = stores_.at(place.resource)->get(informer::object_key(place.namespace_, owner.name));
    return object && object->metadata.uid == owner.uid ? object : nullptr;
  }

  // Most looks end here: every owner is there and stays.
  bool is_worth_a_call(const api::Object& object) const {
    if (orphans_dependents(object) || waits_for_dependents(object)) return true;
    if (object.metadata.deletionTimestamp) return false;
    return std::any_of(object.metadata.ownerReferences.begin(), object.metadata.ownerReferences.end(), [&](const metav1::OwnerReference& owner) {
      const auto place = place_of(owner, object);
      if (!place) return false;
      const ObjectPtr found = cached_owner(owner, *place);
      return !found || waits_for_dependents(*found);
    });
  }

  static void add_get(Stage& stage, const Resource& resource, std::string_view namespace_, std::string_view name) {
    Action& action = stage.actions.emplace_back();
    action.request = informer::get_request(resource, namespace_, name);
    action.accept = {"NotFound"};
  }

  OwnerState state_of(const metav1::OwnerReference& owner, const std::optional<Place>& place, const Result<ObjectPtr>* answer) const {
    if (!place) return OwnerState::solid;
    ObjectPtr found = cached_owner(owner, *place);
    if (!found && !answer) return OwnerState::solid;  // it has left the cache since: its deletion makes the key come again
    if (!found && answer->ok() && (**answer)->metadata.uid == owner.uid) found = **answer;
    return !found ? OwnerState::absent : waits_for_dependents(*found) ? OwnerState::waiting : OwnerState::solid;
  }

  Plan judge(const std::string& uid, const api::Object& cached, const Resource& resource, const std::vector<std::size_t>& asked,
             const Outcome& outcome) const {
    const Result<ObjectPtr>& latest = outcome.answers.front().object;
    if (!latest.ok() || (*latest)->metadata.uid != uid) return {};  // gone: its deletion arrives by itself
    Plan changed;
    // The owners that were asked about are those of the cached object: wait for the cache when they have changed.
    changed.come_again(std::chrono::milliseconds(100));
    if (!((*latest)->metadata.ownerReferences == cached.metadata.ownerReferences)) return changed;

    Observed observed;
    observed.object = *latest;
    observed.resource = &resource;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const metav1::OwnerReference& owner = cached.metadata.ownerReferences[i];
      observed.owners.push_back(state_of(owner, place_of(owner, cached), asked[i] ? &outcome.answers[asked[i]].object : nullptr));
    }
    for (const auto& [dependent_uid, node] : graph_.dependents(uid))
      if (ObjectPtr object = lookup(node, dependent_uid)) observed.dependents.push_back({std::move(object), node.resource});
    return decide(observed);
  }

  Graph graph_;
  std::map<const Resource*, const informer::Store*> stores_;
};

const Registered<Controller> registered{"garbage-collector-controller", [] { return std::make_unique<GarbageCollector>(); }};

}  // namespace

}  // namespace plumb::controllers::garbagecollector
