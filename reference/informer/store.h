// The cache behind an informer: objects by key, and indexes over them. Safe from any thread; look-ups cost what they return, not what is
// stored. Objects are the snapshots that arrived, never copies.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/string_map.h"
#include "reference/informer/client.h"

namespace plumb::informer {

// Appends the values under which an object is found in one index.
using IndexFunction = std::function<void(const api::Object& object, std::vector<std::string>& values)>;

class Store {
 public:
  ObjectPtr get(std::string_view key) const;
  std::vector<ObjectPtr> list() const;
  std::size_t size() const;
  // By namespace and name. An index that does not exist is a defect of the caller and stops the program.
  std::vector<ObjectPtr> by_index(std::string_view index, std::string_view value) const;
  std::size_t count_by_index(std::string_view index, std::string_view value) const;
  // Of the name, once: a second call with a known name is ignored. Covers what is stored already.
  void add_index(std::string name, IndexFunction function);

  // Returns what was there before; nullptr when nothing was.
  ObjectPtr put(ObjectPtr object);
  ObjectPtr erase(std::string_view key);
  std::vector<std::string> keys() const;

 private:
  struct ByName {
    bool operator()(const ObjectPtr& a, const ObjectPtr& b) const {
      const auto &left = a->metadata, &right = b->metadata;
      return left.namespace_ == right.namespace_ ? left.name < right.name : left.namespace_ < right.namespace_;
    }
  };
  struct Index {
    IndexFunction function;
    StringMap<std::set<ObjectPtr, ByName>> found;
  };
  void add_to(Index& index, const ObjectPtr& object);
  void remove_from(Index& index, const ObjectPtr& object);

  mutable std::shared_mutex mutex_;
  StringMap<ObjectPtr> objects_;                       // under mutex_
  std::map<std::string, Index, std::less<>> indexes_;  // under mutex_
};

// Typed, read-only view of a store.
template <class T>
class Lister {
 public:
  Lister() = default;
  explicit Lister(std::shared_ptr<const Store> store) : store_(std::move(store)) {}

  std::shared_ptr<const T> get(std::string_view key) const { return std::static_pointer_cast<const T>(store_->get(key)); }
  std::shared_ptr<const T> get(std::string_view namespace_, std::string_view name) const { return get(object_key(namespace_, name)); }
  std::vector<std::shared_ptr<const T>> list() const { return typed(store_->list()); }
  std::vector<std::shared_ptr<const T>> by_index(std::string_view index, std::string_view value) const {
    return typed(store_->by_index(index, value));
  }
  std::size_t count_by_index(std::string_view index, std::string_view value) const { return store_->count_by_index(index, value); }
  std::size_t size() const { return store_->size(); }

 private:
  static std::vector<std::shared_ptr<const T>> typed(std::vector<ObjectPtr> objects) {
    std::vector<std::shared_ptr<const T>> result;
    result.reserve(objects.size());
    for (ObjectPtr& object : objects) result.push_back(std::static_pointer_cast<const T>(std::move(object)));
    return result;
  }
  std::shared_ptr<const Store> store_;
};

// Indexes that many components share; add_index(name, function).
namespace index {
inline constexpr std::string_view by_namespace = "namespace";
inline constexpr std::string_view by_controller = "controller";  // UID of the controlling owner
inline constexpr std::string_view by_owner = "owner";            // UID of every owner
inline constexpr std::string_view orphans = "orphans";           // namespace, for objects without a controlling owner
inline constexpr std::string_view by_node = "node";              // pods: spec.nodeName, "" for those without
void namespace_of(const api::Object& object, std::vector<std::string>& values);
void controller_of(const api::Object& object, std::vector<std::string>& values);
void owners_of(const api::Object& object, std::vector<std::string>& values);
void orphan_of(const api::Object& object, std::vector<std::string>& values);
void node_of(const api::Object& object, std::vector<std::string>& values);
}  // namespace index

// The owner reference with controller=true; nullptr when there is none.
const metav1::OwnerReference* controller_ref(const api::Object& object);

}  // namespace plumb::informer
