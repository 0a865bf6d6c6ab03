#include "reference/controllers/horizontalpodautoscaler/scale_target.h"

#include <algorithm>

namespace plumb::controllers::hpa {

std::string_view group_of(std::string_view api_version) {
  const auto slash = api_version.find('/');
  return slash == std::string_view::npos ? std::string_view() : api_version.substr(0, slash);
}

Result<const informer::Resource*> resource_of_kind(const autoscalingv2::CrossVersionObjectReference& reference) {
  const std::string_view version = reference.apiVersion, group = group_of(version);
  if (std::count(version.begin(), version.end(), '/') > 1) return fail(Code::invalid_argument, "unexpected GroupVersion string: " + std::string(version));
  for (const informer::Resource* resource : resources::all())
    if (resource->group() == group && resource->type().name == reference.kind.view()) return resource;
  return fail(Code::not_found, "no matches for kind \"" + reference.kind.str() + "\" in group \"" + std::string(group) + "\"", "NotFound");
}

Result<const informer::Resource*> scalable(const autoscalingv2::CrossVersionObjectReference& reference) {
  const informer::Resource* resource = PLUMB_TRY(resource_of_kind(reference));
  if (!resource->has_scale()) return fail(Code::not_found, "the server could not find the requested resource", "NotFound");
  return resource;
}

}  // namespace plumb::controllers::hpa
