// The API calls of a scenario's actions as operations of the load engine.
#pragma once

#include <memory>
#include <string>

#include "harness/load/operation.h"
#include "harness/load/transport.h"
#include "perf/object_pool.h"
#include "perf/scenario.h"

namespace plumb::perf {

// `action` and `object` must outlive the operation; `transport` also the answers under way.
std::unique_ptr<harness::Operation> make_operation(const Action& action, const ObjectTemplate& object, const std::string& space, std::shared_ptr<ObjectPool> pool,
                                                   harness::LoadTransport& transport);

// "/apis/apps/v1/namespaces/a/deployments".
std::string collection_path(const ObjectTemplate& object, const std::string& space);

}  // namespace plumb::perf
