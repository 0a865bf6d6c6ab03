// Conditions of a status: how they are set, and the rules of metav1.Condition. Upstream's SetStatusCondition and ValidateConditions.
#pragma once

#include "harness/base/clock.h"
#include "reference/api/types/metav1.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

template <class Condition>
const Condition* find_condition(const api::List<Condition>& conditions, std::string_view type) {
  for (const Condition& each : conditions)
    if (each.type == type) return &each;
  return nullptr;
}

// Puts the condition in the place of the one of its type. The time of transition is now, or stays when the status does.
template <class Condition>
void set_condition(api::List<Condition>& conditions, Condition wanted, WallTime now) {
  wanted.lastTransitionTime = api::Time::from(now);
  for (Condition& each : conditions) {
    if (each.type != wanted.type) continue;
    if (each.status == wanted.status) wanted.lastTransitionTime = each.lastTransitionTime;
    each = std::move(wanted);
    return;
  }
  conditions.push_back(std::move(wanted));
}

void check_conditions(const api::List<metav1::Condition>& conditions, const FieldPath& path, FieldErrors& errors);

}  // namespace plumb::resources
