// The API calls of a scenario's actions as operations of the load engine.
#pragma once

#include <memory>
#include <string>

#include "harness/load/operation.h"
#include "harness/load/transport.h"
#include "perf/object_pool.h"
#include "perf/run_space.h"
#include "perf/scenario.h"

namespace plumb::perf {

// `action` and `object` must outlive the operation; `transport` also the answers under way.
std::unique_ptr<harness::Operation> make_operation(const Action& action, const RunObject& object, std::shared_ptr<ObjectPool> pool,
                                                   harness::LoadTransport& transport, Clock& clock);

}  // namespace plumb::perf
