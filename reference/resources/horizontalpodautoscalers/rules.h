// The rules of HorizontalPodAutoscalers, upstream's.
#pragma once

#include "reference/api/types/autoscalingv2.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

void check_autoscaler(const autoscalingv2::HorizontalPodAutoscaler& object, FieldErrors& errors);
// What apiVersion names in references; `previous` is nullptr at creation. One that was wrong before may stay.
void check_reference_versions(const autoscalingv2::HorizontalPodAutoscaler& next, const autoscalingv2::HorizontalPodAutoscaler* previous, FieldErrors& errors);

}  // namespace plumb::resources
