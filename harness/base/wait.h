// Waiting for a moment, for threads that have nothing else to do: those of tests and of the toolkit's blocking calls. Components of an
// orchestrator set timers instead.
#pragma once

#include "harness/base/clock.h"

namespace plumb {

void wait_until(Clock& clock, Instant when);
inline void wait_for(Clock& clock, Duration time) { wait_until(clock, clock.now() + time); }

}  // namespace plumb
