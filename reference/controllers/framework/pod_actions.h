// Making and deleting pods for an owner, with the events that upstream's pod control records on it.
#pragma once

#include <memory>
#include <string_view>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers {

// SuccessfulCreate, FailedCreate.
Action create_pod(std::shared_ptr<const corev1::Pod> pod, const ObjectPtr& owner);
// SuccessfulDelete, FailedDelete. One that is gone already counts as deleted.
Action delete_pod(const corev1::Pod& pod, const ObjectPtr& owner);
// Notes in the pod's status that it is about to be deleted, with when: such a note that is two minutes old is taken back (disruption). With
// `phase` as its phase, where one is given. What is said holds no quotes. A pod that is gone or is another one by now is left alone.
Action mark_disrupted(const corev1::Pod& pod, std::string_view reason, std::string_view message, WallTime now, std::string_view phase = {});

}  // namespace plumb::controllers
