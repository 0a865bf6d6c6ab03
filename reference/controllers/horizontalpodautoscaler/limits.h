// From what the metrics ask for to what is done now: the bounds of the autoscaler, its stabilization windows and its policies, as upstream.
// Without a behaviour an autoscaler at most doubles its replicas (or makes four of them) at a time, and falls to the highest
// recommendation of the controller's downscale window.
#pragma once

#include <string_view>

#include "reference/api/types/autoscalingv2.h"
#include "reference/controllers/horizontalpodautoscaler/scale_history.h"

namespace plumb::controllers::hpa {

struct Bounds {
  std::int32_t min = 1, max = 1;
};

// Reason and message of a condition.
struct Explained {
  std::string_view reason, message;
};

struct Limited {
  std::int32_t replicas = 0;
  Explained able;        // for AbleToScale
  bool limited = false;  // for ScalingLimited
  Explained why;
};

// Also records the recommendation. `behavior` may be nullptr.
Limited limit(std::int32_t current, std::int32_t recommended, const Bounds& bounds, const autoscalingv2::HorizontalPodAutoscalerBehavior* behavior,
              Duration downscale_window, ScaleHistory& history, Instant now);

// Remembers a change for the policies of later decisions; without a behaviour nobody will ask.
void remember_scaling(std::int32_t from, std::int32_t to, const autoscalingv2::HorizontalPodAutoscalerBehavior* behavior, ScaleHistory& history, Instant now);

}  // namespace plumb::controllers::hpa
