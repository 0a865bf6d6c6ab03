// What every cluster has from its first start: namespaces, upstream's roles and bindings, the system's priority classes.
#pragma once

#include "harness/base/result.h"
#include "reference/apiserver/registry/registry.h"

namespace plumb::cluster {

// Makes what is missing and leaves what is there. Blocks until all of it is stored.
Status ensure_bootstrap_objects(apiserver::Registry& registry);

}  // namespace plumb::cluster
