// Controlling owners: references, selectors, and who takes or lets go of whom.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/text/label_selector.h"
#include "reference/controllers/framework/plan.h"
#include "reference/informer/store.h"

namespace plumb::controllers {

// As upstream: an absent selector selects nothing, an empty one everything; an invalid one is an error.
Result<api::LabelSelector> selector_of(const metav1::LabelSelector* selector);
bool matches(const api::LabelSelector& selector, const api::Map<api::Str>& labels);

// The reference that makes `owner` the controller, blocking its foreground deletion.
metav1::OwnerReference controller_reference(const api::Object& owner);
// The key of the object that the reference names, when it is of type T and has that very UID in the cache; "" otherwise.
template <class T>
std::string owner_key(const informer::Lister<T>& owners, std::string_view namespace_, const metav1::OwnerReference* reference) {
  if (!reference || reference->kind != T::info().name || reference->apiVersion != api::api_version(T::info())) return {};
  const auto owner = owners.get(namespace_, reference->name);
  return owner && owner->metadata.uid == reference->uid ? informer::object_key(*owner) : std::string();
}

// What an owner may have a claim to: the objects that it controls, and those of its namespace that nobody controls.
template <class T>
std::vector<std::shared_ptr<const T>> candidates_of(const informer::Lister<T>& objects, const api::Object& owner) {
  std::vector<std::shared_ptr<const T>> candidates = objects.by_index(informer::index::by_controller, owner.metadata.uid);
  for (auto& orphan : objects.by_index(informer::index::orphans, owner.metadata.namespace_)) candidates.push_back(std::move(orphan));
  return candidates;
}
// Whether the change made an object of nobody, or one of nobody another to those who select by labels.
inline bool is_offered(const api::Object* before, const api::Object* after) {
  if (!after || informer::controller_ref(*after) || after->metadata.deletionTimestamp) return false;
  return !before || informer::controller_ref(*before) || !(before->metadata.labels == after->metadata.labels);
}

// What an owner makes of candidates: objects it controls, and orphans of its namespace. It keeps those it controls that match, lets go of
// those that do not, and adopts orphans that match, unless either is being deleted. Objects of other owners are left alone.
template <class T>
struct Claims {
  std::vector<std::shared_ptr<const T>> kept;  // adopted ones included
  std::vector<Action> actions;                 // patches that adopt and release
};
enum class Claim { ignore, keep, adopt, release };
Claim claim(const api::Object& owner, const api::LabelSelector& selector, const api::Object& candidate);
// `finalizer`: one that comes and goes with the ownership; "" for none.
Action adopt(const api::Object& owner, const api::Object& object, std::string_view finalizer = {});
Action release(const api::Object& owner, const api::Object& object, std::string_view finalizer = {});

template <class T>
Claims<T> claim_all(const api::Object& owner, const api::LabelSelector& selector, const std::vector<std::shared_ptr<const T>>& candidates,
                    std::string_view finalizer = {}) {
  Claims<T> claims;
  for (const auto& candidate : candidates) {
    switch (claim(owner, selector, *candidate)) {
      case Claim::ignore: break;
      case Claim::adopt: claims.actions.push_back(adopt(owner, *candidate, finalizer)); [[fallthrough]];
      case Claim::keep: claims.kept.push_back(candidate); break;
      case Claim::release: claims.actions.push_back(release(owner, *candidate, finalizer)); break;
    }
  }
  return claims;
}

}  // namespace plumb::controllers
