// Making and deleting pods for an owner, with the events that upstream's pod control records on it.
#pragma once

#include <memory>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/plan.h"

namespace plumb::controllers {

// SuccessfulCreate, FailedCreate.
Action create_pod(std::shared_ptr<const corev1::Pod> pod, const ObjectPtr& owner);
// SuccessfulDelete, FailedDelete. One that is gone already counts as deleted.
Action delete_pod(const corev1::Pod& pod, const ObjectPtr& owner);

}  // namespace plumb::controllers
