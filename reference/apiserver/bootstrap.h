// Objects without which nothing works, made at start when they are missing: the system namespaces and priority classes.
#pragma once

#include "harness/base/result.h"
#include "reference/apiserver/registry/registry.h"

namespace plumb::apiserver {

// Waits for the writes: not on a thread of the store or of a reactor.
Status ensure_system_objects(Registry& registry);

}  // namespace plumb::apiserver
