// What every cluster has from its first start: the system namespaces and priority classes, upstream's roles and bindings.
#pragma once

#include "harness/base/result.h"
#include "reference/apiserver/registry/registry.h"

namespace plumb::apiserver {

// Makes what is missing; adds to roles and bindings what they lack, and leaves everything else that is there (default_policy.h). Waits for the
// writes: not on a thread of the store or of a reactor.
Status ensure_system_objects(Registry& registry);

}  // namespace plumb::apiserver
