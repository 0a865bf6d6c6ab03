// What a reference of an autoscaler names: as upstream, the kind in its group, whatever version is said.
#pragma once

#include <string_view>

#include "reference/api/types/autoscalingv2.h"
#include "reference/informer/client.h"

namespace plumb::controllers::hpa {

// "apps" of "apps/v1", "" of "v1".
std::string_view group_of(std::string_view api_version);
Result<const informer::Resource*> resource_of_kind(const autoscalingv2::CrossVersionObjectReference& reference);
// The same, with a scale.
Result<const informer::Resource*> scalable(const autoscalingv2::CrossVersionObjectReference& reference);

}  // namespace plumb::controllers::hpa
