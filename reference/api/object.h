// A whole API object: what is stored, listed and watched. Objects that are shared are const; to change one, clone it.
#pragma once

#include <memory>

#include "reference/api/type_info.h"
#include "reference/api/types/metav1.h"

namespace plumb::api {

struct Object {
  explicit Object(const TypeInfo& type) : info_(&type) {}
  const TypeInfo& type() const { return *info_; }
  // Same type and same content.
  friend bool operator==(const Object&, const Object&) = default;

 private:
  const TypeInfo* info_;

 public:
  metav1::ObjectMeta metadata;
};

using ObjectPtr = std::shared_ptr<const Object>;

inline std::shared_ptr<Object> clone(const Object& object) { return object.type().clone(object); }

template <class T>
const T* as(const Object& object) {
  return &object.type() == &T::info() ? static_cast<const T*>(&object) : nullptr;
}
// Typed views of shared objects; nullptr when the object is of another type.
template <class T>
std::shared_ptr<const T> as(const ObjectPtr& object) {
  return object && &object->type() == &T::info() ? std::static_pointer_cast<const T>(object) : nullptr;
}

}  // namespace plumb::api
