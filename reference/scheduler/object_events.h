// Which events the changes of objects are that are neither nodes nor pods.
#pragma once

#include "reference/api/type_info.h"
#include "reference/scheduler/framework.h"

namespace plumb::scheduler {

// 0: nobody waits for such.
Events events_of(const api::TypeInfo& type);

}  // namespace plumb::scheduler
