// What several measurements make of lists of times.
#pragma once

#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/load/outcome.h"

namespace plumb::harness {

// Seconds as a distribution of nanoseconds.
Distribution distribution_of(std::string name, const std::vector<double>& seconds, std::uint64_t unfinished);
// How many of the moments fall into each second, as a rate; in some 60 steps when they span more than a minute.
Series rate_curve(std::string name, const std::vector<Instant>& moments, Instant zero);
// Events a second from the first to the last of at least two, taken to be 1 ms apart at least; samples are the rates of ten parts with equally many events.
Metric throughput(std::string name, const std::vector<Instant>& moments);

}  // namespace plumb::harness
