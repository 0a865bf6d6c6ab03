// The variables that tell containers where Services are, which there were before them.
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
#pragma once

#include <memory>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/kubelet/environment.h"

namespace plumb::kubelet {

// Of all Services those of the pod's namespace that have an address, unless enableServiceLinks is false; and always default/kubernetes, where the
// namespace has none of that name.
Variables service_environment(const std::vector<std::shared_ptr<const corev1::Service>>& services, const corev1::Pod& pod);

}  // namespace plumb::kubelet
