// Probes and hooks for real: HTTP and TCP from this process's network namespace, exec in the container, gRPC health checks.
#pragma once

#include <memory>

#include "reference/kubelet/probes.h"

namespace plumb::kubelet {

std::unique_ptr<ProbeRunner> make_probe_runner(cri::Runtime& runtime);

}  // namespace plumb::kubelet
