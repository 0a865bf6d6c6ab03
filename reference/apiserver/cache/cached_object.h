// One revision of one object as the watch cache keeps it: the immutable object, its encodings and its other API versions with theirs, each
// made at first use and then shared by every response and every watch that carries it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "reference/api/object.h"
#include "reference/resources/resource.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

using Bytes = store::Bytes;
using store::Revision;

class CachedObject {
 public:
  // `key` is "namespace/name", or the name of a cluster-scoped object.
  CachedObject(std::string_view key, api::ObjectPtr object, Revision revision) : key_(key), object_(std::move(object)), revision_(revision) {}
  ~CachedObject();
  CachedObject(const CachedObject&) = delete;
  CachedObject& operator=(const CachedObject&) = delete;

  std::string_view key() const { return key_.view(); }
  const api::ObjectPtr& object() const { return object_; }
  const api::Object& operator*() const { return *object_; }
  const api::Object* operator->() const { return object_.get(); }
  Revision revision() const { return revision_; }

  Bytes json() const;
  Bytes protobuf() const;  // with the envelope
  // In the version of a resource that is stored as this object's.
  std::shared_ptr<const CachedObject> in(const resources::Resource& version) const;

 private:
  struct Version;
  using Encode = void (*)(const api::Object&, std::string&);
  Bytes encoded(std::atomic<const Bytes*>& slot, Encode encode) const;

  api::Str key_;
  api::ObjectPtr object_;
  Revision revision_;
  mutable std::atomic<const Bytes*> json_{nullptr}, protobuf_{nullptr};
  mutable std::atomic<const Version*> versions_{nullptr};  // a list that only grows
};
using CachedPtr = std::shared_ptr<const CachedObject>;

// The object in the version that a request speaks.
inline CachedPtr shown_as(const resources::Resource& resource, const CachedPtr& object) { return object && resource.stored_as() ? object->in(resource) : object; }

}  // namespace plumb::apiserver
