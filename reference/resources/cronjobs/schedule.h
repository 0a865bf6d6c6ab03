// When a cron job is due. The language is that of upstream's parser (robfig/cron, standard form), and so are the messages:
//   minute hour day-of-month month day-of-week    numbers, names (jan, mon), *, ?, lists, ranges, steps
//   @yearly @annually @monthly @weekly @daily @midnight @hourly @every 1h30m
// A prefix "TZ=Europe/Paris " or "CRON_TZ=…" names a zone. When both kinds of day are restricted, either will do.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "reference/resources/cronjobs/time_zone.h"

namespace plumb::resources {

class Schedule {
 public:
  // `zone` is what the fields are read in, unless the text names one. invalid_argument says what is wrong with the text.
  static Result<Schedule> parse(std::string_view text, TimeZone zone);

  // The first time after `time`; nullopt when there is none within five years (the 31st of February).
  // Times that a zone skips in spring are passed over, those that it repeats in autumn come twice.
  std::optional<WallTime> next(WallTime time) const;

 private:
  // A set of numbers; the topmost bit tells that it was written as a star.
  using Set = std::uint64_t;

  explicit Schedule(TimeZone zone) : zone_(std::move(zone)) {}
  Status parse_fields(std::string_view text);
  Status parse_descriptor(std::string_view text);
  bool day_matches(const CivilTime& time) const;

  TimeZone zone_;
  Set minutes_ = 0, hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;
  std::optional<Duration> every_;
};

}  // namespace plumb::resources
