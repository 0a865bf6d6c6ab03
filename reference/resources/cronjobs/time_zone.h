// Time zones by their IANA names, from the machine's own copy of the database (package tzdata).
// Cheap to copy, safe from any thread; what was loaded once is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::resources {

// What a calendar and a clock on the wall show. Months and days count from 1, weekdays from Sunday, which is 0.
struct CivilTime {
  std::int64_t year = 1970;
  int month = 1, day = 1, hour = 0, minute = 0, second = 0, weekday = 4;
};

class TimeZone {
 public:
  static TimeZone utc();
  static TimeZone local();  // the machine's
  // As upstream's time.LoadLocation: "" and "UTC" are UTC, "Local" is the machine's. not_found: "unknown time zone Mars/Base".
  static Result<TimeZone> load(std::string_view name);

  CivilTime civil(WallTime time) const;
  // The first instant of that day, or of a later one where the zone skips the day. A day or month past the last one counts on into the next.
  WallTime start_of_day(std::int64_t year, int month, int day) const;
  std::string format(WallTime time) const;  // RFC 3339 with the zone's offset: 2024-01-02T03:04:05+02:00

 private:
  struct Zone;
  explicit TimeZone(Zone zone);
  std::shared_ptr<const Zone> zone_;
};

}  // namespace plumb::resources
