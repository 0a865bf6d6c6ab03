// Metrics of autoscaling/v2 in the form that annotations of autoscaling/v1 hold them.
#pragma once

#include "reference/api/types/autoscalingv1.h"
#include "reference/api/types/autoscalingv2.h"

namespace plumb::resources {

autoscalingv1::MetricSpec to_v1(const autoscalingv2::MetricSpec& spec);
autoscalingv2::MetricSpec to_v2(const autoscalingv1::MetricSpec& spec);
autoscalingv1::MetricStatus to_v1(const autoscalingv2::MetricStatus& status);
autoscalingv2::MetricStatus to_v2(const autoscalingv1::MetricStatus& status);

}  // namespace plumb::resources
