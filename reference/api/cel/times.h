// Timestamps and durations of CEL as text, and the parts of a timestamp in a time zone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "reference/api/cel/value.h"

namespace plumb::cel {

bool is_in_range(const Timestamp& time);
Result<Timestamp> parse_timestamp(std::string_view text);  // RFC 3339
std::string format(const Timestamp& time);                 // RFC 3339, as many digits of a second as are needed
std::string format(const Span& duration);                  // "90s", "0.5s"
// nullopt beyond what can be represented.
std::optional<Timestamp> add(const Timestamp& time, const Span& duration);
std::optional<Span> difference(const Timestamp& a, const Timestamp& b);

struct Parts {
  std::int64_t year, month, day, hour, minute, second, millisecond, day_of_week, day_of_year;  // month from 1; Sunday and 1 January are 0
};
// `zone`: "" for UTC, an IANA name, or an offset ("+02:00", "-02:00", "02:00").
Result<Parts> parts_of(const Timestamp& time, std::string_view zone);

}  // namespace plumb::cel
