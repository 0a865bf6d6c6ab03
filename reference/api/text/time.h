// metav1.Time, MicroTime and Duration as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::api {

// RFC 3339, any offset, any fraction (kept to nanoseconds).
Result<WallTime> parse_time(std::string_view text);
std::string format_time(WallTime time);        // 2024-01-02T03:04:05Z, fraction cut off
std::string format_micro_time(WallTime time);  // 2024-01-02T03:04:05.678901Z

// Go's durations: 1h2m3.5s, -1.5h, 300ms, 0. Units ns, us, µs, ms, s, m, h. invalid_argument with Go's wording.
Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);

}  // namespace plumb::api
