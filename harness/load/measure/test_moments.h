// Moments of a run, for tests.
#pragma once

#include "harness/base/clock.h"

namespace plumb::harness {

inline Instant at(double seconds) { return Instant(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds))); }

}  // namespace plumb::harness
