// What the API server asks of its own registry: as system:apiserver, waiting for the answer. Not on threads of the store or of reactors.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/apiserver/registry/registry.h"

namespace plumb::apiserver {

class OwnCalls {
 public:
  explicit OwnCalls(Registry& registry);

  ApiResult<CachedPtr> create(std::shared_ptr<api::Object> object);
  // All at once; what is there already is left as it is.
  Status create_missing(std::vector<std::shared_ptr<api::Object>> objects);
  ApiResult<CachedPtr> change(const api::TypeInfo& type, const ObjectName& name, std::string_view subresource, Transform transform);
  // What is gone already counts as removed.
  Status remove(const api::TypeInfo& type, const ObjectName& name);
  // A core/v1 Event; one that was said before counts up. What cannot be recorded is dropped.
  void warn(const api::Object& about, std::string_view component, std::string_view reason, const std::string& message);

  Registry& registry() const { return registry_; }

 private:
  Registry& registry_;
  RequestContext context_;
};

}  // namespace plumb::apiserver
