// The condition DisruptionAllowed of a budget, which says what status.disruptionsAllowed says.
#pragma once

#include "harness/base/clock.h"
#include "reference/api/types/policyv1.h"

namespace plumb::resources {

namespace disruption_allowed {
inline constexpr std::string_view type = "DisruptionAllowed";
inline constexpr std::string_view sufficient_pods = "SufficientPods", insufficient_pods = "InsufficientPods", sync_failed = "SyncFailed";
}  // namespace disruption_allowed

void set_disruption_allowed(policyv1::PodDisruptionBudgetStatus& status, WallTime now);
// The condition is there, is of this generation, and agrees with the number.
bool tells_disruption_allowed(const policyv1::PodDisruptionBudget& budget);
// An absent selector selects no pod, an empty one every pod of the namespace.
bool selects(const policyv1::PodDisruptionBudget& budget, const api::Map<api::Str>& labels);

}  // namespace plumb::resources
