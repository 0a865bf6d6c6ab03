#include "reference/controllers/garbagecollector/decide.h"

#include <algorithm>

#include "reference/api/codec/json.h"

namespace plumb::controllers::garbagecollector {

namespace {

std::string quoted(std::string_view text) {
  std::string out;
  api::append_json_string(text, out);
  return out;
}

Action patch(const informer::Resource& resource, const api::Object& object, informer::PatchType type, std::string body) {
  Action action;
  action.request = informer::patch_request(resource, object.metadata.namespace_, object.metadata.name, type, std::move(body));
  action.accept = {"NotFound"};
  return action;
}

Action remove_finalizer(const Observed& observed, std::string_view name) {
  std::string left;
  for (const api::Str& finalizer : observed.object->metadata.finalizers)
    if (finalizer != name) left += (left.empty() ? "" : ",") + quoted(finalizer);
  return patch(*observed.resource, *observed.object, informer::PatchType::merge,
               "{\"metadata\":{\"finalizers\":[" + left + "],\"resourceVersion\":" + quoted(observed.object->metadata.resourceVersion) + "}}");
}

Action remove_references(const informer::Resource& resource, const api::Object& object, const std::vector<std::string>& uids) {
  std::string references;
  for (const std::string& uid : uids) references += std::string(references.empty() ? "" : ",") + "{\"$patch\":\"delete\",\"uid\":" + quoted(uid) + "}";
  return patch(resource, object, informer::PatchType::strategic,
               "{\"metadata\":{\"ownerReferences\":[" + references + "],\"uid\":" + quoted(object.metadata.uid) + "}}");
}

const metav1::OwnerReference* reference_to(const api::Object& dependent, const api::Object& owner) {
  for (const metav1::OwnerReference& reference : dependent.metadata.ownerReferences)
    if (reference.uid == owner.metadata.uid) return &reference;
  return nullptr;
}

Plan orphan(const Observed& observed) {
  Plan plan;
  Stage released;
  for (const Dependent& dependent : observed.dependents)
    if (reference_to(*dependent.object, *observed.object))
      released.actions.push_back(remove_references(*dependent.resource, *dependent.object, {observed.object->metadata.uid.str()}));
  if (!released.actions.empty()) plan.stages.push_back(std::move(released));
  plan.stage().actions.push_back(remove_finalizer(observed, orphan_finalizer));
  return plan;
}

bool is_blocked(const Observed& observed) {
  return std::any_of(observed.dependents.begin(), observed.dependents.end(), [&](const Dependent& dependent) {
    const auto* reference = reference_to(*dependent.object, *observed.object);
    return reference && reference->blockOwnerDeletion.value_or(false);
  });
}

Plan remove_object(const Observed& observed, std::string_view policy) {
  Plan plan;
  metav1::DeleteOptions options = informer::only_this(*observed.object);
  options.preconditions.ensure().resourceVersion = observed.object->metadata.resourceVersion;
  options.propagationPolicy = policy;
  const auto& meta = observed.object->metadata;
  plan.act(informer::remove_request(*observed.resource, meta.namespace_, meta.name, options)).accept = {"NotFound"};
  return plan;
}

// A circle of objects that wait for each other would never be let go of: nothing then blocks this one's owners.
Action unblock_owners(const Observed& observed) {
  std::string references;
  for (const metav1::OwnerReference& owner : observed.object->metadata.ownerReferences)
    references += std::string(references.empty() ? "" : ",") + "{\"uid\":" + quoted(owner.uid) + ",\"blockOwnerDeletion\":false}";
  return patch(*observed.resource, *observed.object, informer::PatchType::strategic,
               "{\"metadata\":{\"ownerReferences\":[" + references + "],\"uid\":" + quoted(observed.object->metadata.uid) + "}}");
}

Plan judge_owners(const Observed& observed) {
  const auto& references = observed.object->metadata.ownerReferences;
  std::vector<std::string> lost;
  bool solid = false, waiting = false;
  for (std::size_t i = 0; i < references.size(); ++i) {
    solid |= observed.owners[i] == OwnerState::solid;
    waiting |= observed.owners[i] == OwnerState::waiting;
    if (observed.owners[i] != OwnerState::solid) lost.push_back(references[i].uid.str());
  }
  if (lost.empty()) return {};
  if (solid) {
    Plan plan;
    plan.stage().actions.push_back(remove_references(*observed.resource, *observed.object, lost));
    return plan;
  }
  if (waiting && !observed.dependents.empty()) {
    Plan plan = remove_object(observed, metav1::DeletePropagationForeground);
    const bool circle = std::any_of(observed.dependents.begin(), observed.dependents.end(),
                                    [](const Dependent& dependent) { return waits_for_dependents(*dependent.object); });
    if (circle) {
      plan = Plan();
      plan.stage().actions.push_back(unblock_owners(observed));
      plan.come_again(std::chrono::milliseconds(10));
    }
    return plan;
  }
  if (has_finalizer(*observed.object, orphan_finalizer)) return remove_object(observed, metav1::DeletePropagationOrphan);
  if (has_finalizer(*observed.object, foreground_finalizer)) return remove_object(observed, metav1::DeletePropagationForeground);
  return remove_object(observed, metav1::DeletePropagationBackground);
}

}  // namespace

Plan decide(const Observed& observed) {
  if (orphans_dependents(*observed.object)) return orphan(observed);
  if (waits_for_dependents(*observed.object)) {
    Plan plan;
    if (!is_blocked(observed)) plan.stage().actions.push_back(remove_finalizer(observed, foreground_finalizer));
    return plan;
  }
  if (observed.object->metadata.deletionTimestamp) return {};
  return judge_owners(observed);
}

}  // namespace plumb::controllers::garbagecollector
