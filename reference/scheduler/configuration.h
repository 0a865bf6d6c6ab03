// Upstream's configuration file of the scheduler: KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1.
// https://kubernetes.io/docs/reference/scheduling/config/
//
// Heeded: profiles with their plugins, pluginConfig and percentageOfNodesToScore; percentageOfNodesToScore, podInitialBackoffSeconds and
// podMaxBackoffSeconds for all; extenders. What other programs' files say of connections, leader election, profiling and parallelism is left to flags.
#pragma once

#include <string_view>

#include "reference/scheduler/scheduler.h"

namespace plumb::scheduler {

// invalid_argument with the place of what is wrong. Whether the plugins exist is seen when a scheduler is made.
Result<SchedulerOptions> read_configuration(std::string_view yaml);

}  // namespace plumb::scheduler
