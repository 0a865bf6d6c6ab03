// horizontal_pod_autoscaler_controller_*: the one place that knows these names.
#pragma once

#include <string_view>

#include "reference/controllers/horizontalpodautoscaler/decide.h"

namespace plumb::controllers::hpa {

void count_autoscalers(std::size_t count);
// One reconciliation: what it did, and how long it took.
void observe(const Decision& decision, const Autoscaler& autoscaler, std::int32_t current, Duration took);

}  // namespace plumb::controllers::hpa
