#include "reference/informer/store.h"

#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "reference/api/types/corev1.h"

namespace plumb::informer {

ObjectPtr Store::get(std::string_view key) const {
  std::shared_lock lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<ObjectPtr> Store::list() const {
  std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> result;
  result.reserve(objects_.size());
  for (const auto& [key, object] : objects_) result.push_back(object);
  return result;
}

std::vector<std::string> Store::keys() const {
  std::shared_lock lock(mutex_);
  std::vector<std::string> result;
  result.reserve(objects_.size());
  for (const auto& [key, object] : objects_) result.push_back(key);
  return result;
}

std::size_t Store::size() const {
  std::shared_lock lock(mutex_);
  return objects_.size();
}

namespace {
[[noreturn]] void no_index(std::string_view name) {
  std::fprintf(stderr, "informer store has no index %.*s\n", static_cast<int>(name.size()), name.data());
  std::abort();
}
}  // namespace

std::vector<ObjectPtr> Store::by_index(std::string_view index, std::string_view value) const {
  std::shared_lock lock(mutex_);
  const auto at = indexes_.find(index);
  if (at == indexes_.end()) no_index(index);
  const auto found = at->second.found.find(value);
  if (found == at->second.found.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::size_t Store::count_by_index(std::string_view index, std::string_view value) const {
  std::shared_lock lock(mutex_);
  const auto at = indexes_.find(index);
  if (at == indexes_.end()) no_index(index);
  const auto found = at->second.found.find(value);
  return found == at->second.found.end() ? 0 : found->second.size();
}

void Store::add_index(std::string name, IndexFunction function) {
  std::unique_lock lock(mutex_);
  const auto [at, fresh] = indexes_.try_emplace(std::move(name));
  if (!fresh) return;
  at->second.function = std::move(function);
  for (const auto& [key, object] : objects_) add_to(at->second, object);
}

ObjectPtr Store::put(ObjectPtr object) {
  std::unique_lock lock(mutex_);
  ObjectPtr& slot = objects_[object_key(*object)];
  ObjectPtr before = std::exchange(slot, object);
  for (auto& [name, index] : indexes_) {
    if (before) remove_from(index, before);
    add_to(index, object);
  }
  return before;
}

ObjectPtr Store::erase(std::string_view key) {
  std::unique_lock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return nullptr;
  ObjectPtr before = std::move(found->second);
  objects_.erase(found);
  for (auto& [name, index] : indexes_) remove_from(index, before);
  return before;
}

void Store::add_to(Index& index, const ObjectPtr& object) {
  std::vector<std::string> values;
  index.function(*object, values);
  for (std::string& value : values) index.found[std::move(value)].insert(object);
}

void Store::remove_from(Index& index, const ObjectPtr& object) {
  std::vector<std::string> values;
  index.function(*object, values);
  for (const std::string& value : values) {
    const auto found = index.found.find(value);
    if (found == index.found.end()) continue;
    found->second.erase(object);
    if (found->second.empty()) index.found.erase(found);
  }
}

const metav1::OwnerReference* controller_ref(const api::Object& object) {
  for (const metav1::OwnerReference& owner : object.metadata.ownerReferences)
    if (owner.controller.value_or(false)) return &owner;
  return nullptr;
}

namespace index {

void namespace_of(const api::Object& object, std::vector<std::string>& values) { values.push_back(object.metadata.namespace_.str()); }

void controller_of(const api::Object& object, std::vector<std::string>& values) {
  if (const metav1::OwnerReference* owner = controller_ref(object)) values.push_back(owner->uid.str());
}

void owners_of(const api::Object& object, std::vector<std::string>& values) {
  for (const metav1::OwnerReference& owner : object.metadata.ownerReferences) values.push_back(owner.uid.str());
}

void orphan_of(const api::Object& object, std::vector<std::string>& values) {
  if (!controller_ref(object)) values.push_back(object.metadata.namespace_.str());
}

void node_of(const api::Object& object, std::vector<std::string>& values) {
  if (const auto* pod = api::as<corev1::Pod>(object)) values.push_back(pod->spec.nodeName.str());
}

}  // namespace index

}  // namespace plumb::informer
