// spec.behavior of autoscaling/v2 as the annotation of autoscaling/v1 holds it: upstream writes a Go struct without JSON names there, so the
// names are Go's and what is unset is null.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reference/api/types/autoscalingv2.h"

namespace plumb::resources {

std::string behavior_text(const autoscalingv2::HorizontalPodAutoscalerBehavior& behavior);
// nullopt for a text that is malformed or says nothing.
std::optional<autoscalingv2::HorizontalPodAutoscalerBehavior> parse_behavior(std::string_view text);

}  // namespace plumb::resources
