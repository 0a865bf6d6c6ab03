// Requests in a version other than the stored one: the registry works on stored objects, and these turn what comes in and what goes out.
// For a resource that is stored itself they do nothing.
#pragma once

#include <utility>

#include "reference/apiserver/registry/registry.h"

namespace plumb::apiserver {

inline void show_as(const Resource& resource, CachedPtr& object) { object = shown_as(resource, object); }
inline void show_as(const Resource& resource, DeleteResult& result) { result.object = shown_as(resource, result.object); }
inline void show_as(const Resource& resource, WatcherPtr& watcher) { watcher->show_as(resource); }
inline void show_as(const Resource& resource, ListResult& list) {
  for (CachedPtr& item : list.items) item = shown_as(resource, item);
}

template <class T>
Done<T> in_version(const Resource& resource, Done<T> done) {
  if (!resource.stored_as()) return done;
  return [&resource, done = std::move(done)](ApiResult<T> result) {
    if (result.ok()) show_as(resource, *result);
    done(std::move(result));
  };
}

// A new object, with the defaults of its version, as it is to be stored.
inline std::shared_ptr<api::Object> to_stored(const Resource& resource, std::shared_ptr<api::Object> object) {
  if (!resource.stored_as()) return object;
  resource.set_defaults(*object);
  return resource.to_stored(*object);
}

// The transform speaks the version of the request, the result the stored one.
inline Transform on_stored(const Resource& resource, Transform transform) {
  if (!resource.stored_as()) return transform;
  return [&resource, transform = std::move(transform)](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
    auto next = transform(*resource.from_stored(current));
    return next.ok() ? to_stored(resource, std::move(*next)) : std::move(next);
  };
}

}  // namespace plumb::apiserver
