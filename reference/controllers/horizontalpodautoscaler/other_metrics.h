// Metrics that are not resources of pods, read for each autoscaler: custom.metrics.k8s.io (pods and objects) and external.metrics.k8s.io.
#pragma once

#include <string>
#include <string_view>

#include "reference/api/types/autoscalingv2.h"
#include "reference/controllers/horizontalpodautoscaler/proposal_of_metric.h"

namespace plumb::controllers::hpa {

inline constexpr std::string_view custom_metrics_group = "/apis/custom.metrics.k8s.io";

// The version to use, from what the group's discovery answered; an error when there is none.
Result<std::string> custom_metrics_version(const Result<std::string>& group);
bool is_custom(const autoscalingv2::MetricSpec& spec);
bool is_external(const autoscalingv2::MetricSpec& spec);
// Where it is read; `version` is that of custom metrics, `selector` that of the pods. An error where the object that is meant is of no known kind.
Result<std::string> path_of(const autoscalingv2::MetricSpec& spec, std::string_view version, std::string_view namespace_, std::string_view selector);
// What the read says, in upstream's words where it failed.
Reading reading_of(const autoscalingv2::MetricSpec& spec, const Result<std::string>& answer);

}  // namespace plumb::controllers::hpa
