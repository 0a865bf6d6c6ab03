// Whether a pod puts up with a taint.
#pragma once

#include "reference/api/types/corev1.h"

namespace plumb::scheduler {

// An empty effect or key in the toleration stands for all. Lt and Gt compare as integers; what is no integer does not match.
bool tolerates(const corev1::Toleration& toleration, std::string_view key, std::string_view value, std::string_view effect);
bool tolerates(const api::List<corev1::Toleration>& tolerations, std::string_view key, std::string_view value, std::string_view effect);
// A taint of the node that keeps such a pod away (NoSchedule or NoExecute); nullptr when there is none.
const corev1::Taint* untolerated_hard_taint(const api::List<corev1::Toleration>& tolerations, const corev1::Node& node);

}  // namespace plumb::scheduler
