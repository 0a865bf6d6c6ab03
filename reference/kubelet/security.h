// What security contexts of pod and container mean to the runtime.
#pragma once

#include "reference/api/types/corev1.h"
#include "reference/cri/runtime.h"

namespace plumb::kubelet {

cri::ContainerSecurity container_security(const corev1::Pod& pod, const corev1::Container& container);
void add_sandbox_security(const corev1::Pod& pod, cri::SandboxConfig& config);

}  // namespace plumb::kubelet
