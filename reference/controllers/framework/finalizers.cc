#include "reference/controllers/framework/finalizers.h"

#include <algorithm>

namespace plumb::controllers {

bool has_finalizer(const api::Object& object, std::string_view finalizer) {
  const auto& all = object.metadata.finalizers;
  return std::any_of(all.begin(), all.end(), [&](const api::Str& one) { return one == finalizer; });
}

std::shared_ptr<api::Object> with_finalizer(const api::Object& object, std::string_view finalizer) {
  auto next = api::clone(object);
  next->metadata.finalizers.push_back(finalizer);
  return next;
}

std::shared_ptr<api::Object> without_finalizer(const api::Object& object, std::string_view finalizer) {
  auto next = api::clone(object);
  api::List<api::Str> kept;
  for (const api::Str& one : next->metadata.finalizers)
    if (one != finalizer) kept.push_back(one);
  next->metadata.finalizers = std::move(kept);
  return next;
}

}  // namespace plumb::controllers
