#include "reference/resources/cronjobs/schedule.h"

#include <gtest/gtest.h>

#include "reference/api/text/time.h"

namespace plumb::resources {
namespace {

WallTime at(std::string_view text) { return *api::parse_time(text); }

// The times that follow, as the zone shows them.
std::vector<std::string> times(std::string_view schedule, std::string_view zone_name, std::string_view after, int count) {
  const TimeZone zone = *TimeZone::load(zone_name);
  const auto parsed = Schedule::parse(schedule, zone);
  if (!parsed.ok()) return {parsed.error().message};
  std::vector<std::string> found;
  std::optional<WallTime> time = at(after);
  while (count-- > 0 && (time = parsed->next(*time))) found.push_back(zone.format(*time));
  return found;
}
using Times = std::vector<std::string>;

TEST(Schedule, FindsWhatComesNext) {
  const struct {
    std::string_view schedule, after;
    Times expected;
  } table[] = {
      {"* * * * *", "2024-01-01T00:00:00Z", {"2024-01-01T00:01:00Z", "2024-01-01T00:02:00Z"}},
      {"* * * * *", "2024-01-01T00:00:59.9Z", {"2024-01-01T00:01:00Z"}},
      {"* * * * ?", "2024-12-31T23:59:30Z", {"2025-01-01T00:00:00Z"}},
      {"*/15 3 * * *", "2024-01-01T03:20:00Z", {"2024-01-01T03:30:00Z", "2024-01-01T03:45:00Z", "2024-01-02T03:00:00Z"}},
      {"50/5 0 1 jan,Jul *", "2024-01-01T00:52:00Z", {"2024-01-01T00:55:00Z", "2024-07-01T00:50:00Z"}},
      {"0 0 * * mon-FRI", "2024-01-05T00:00:00Z", {"2024-01-08T00:00:00Z"}},
      {"0 0 13 * 5", "2024-09-06T00:00:00Z", {"2024-09-13T00:00:00Z", "2024-09-20T00:00:00Z"}},  // either kind of day
      {"0 0 13 * *", "2024-09-06T00:00:00Z", {"2024-09-13T00:00:00Z", "2024-10-13T00:00:00Z"}},
      {"0 0 29 2 *", "2024-03-01T00:00:00Z", {"2028-02-29T00:00:00Z"}},
      {"0 0 31 2 *", "2024-01-01T00:00:00Z", {}},
      {"@yearly", "2024-01-01T00:00:00Z", {"2025-01-01T00:00:00Z"}},
      {"@monthly", "2024-01-01T00:00:00Z", {"2024-02-01T00:00:00Z"}},
      {"@weekly", "2024-01-01T00:00:00Z", {"2024-01-07T00:00:00Z"}},
      {"@midnight", "2024-01-01T12:00:00Z", {"2024-01-02T00:00:00Z"}},
      {"@hourly", "2024-01-01T12:00:01Z", {"2024-01-01T13:00:00Z"}},
      {"@every 1h30m10.9s", "2024-01-01T12:00:00.5Z", {"2024-01-01T13:30:10Z", "2024-01-01T15:00:20Z"}},
      {"@every 10ms", "2024-01-01T12:00:00Z", {"2024-01-01T12:00:01Z"}},
      {"TZ=Asia/Tokyo 0 6 * * *", "2024-01-01T00:00:00Z", {"2024-01-01T21:00:00Z"}},
  };
  for (const auto& one : table) {
    Times found = times(one.schedule, "UTC", one.after, std::max<int>(1, static_cast<int>(one.expected.size())));
    EXPECT_EQ(found, one.expected) << one.schedule;
  }
}

TEST(Schedule, KeepsToTheClockOfItsZone) {
  EXPECT_EQ(times("0 9 * * *", "America/New_York", "2024-03-09T00:00:00Z", 3),
            (Times{"2024-03-09T09:00:00-05:00", "2024-03-10T09:00:00-04:00", "2024-03-11T09:00:00-04:00"}));
  // Skipped in spring, twice in autumn.
  EXPECT_EQ(times("30 2 * * *", "America/New_York", "2024-03-09T12:00:00Z", 1), Times{"2024-03-11T02:30:00-04:00"});
  EXPECT_EQ(times("30 1 * * *", "America/New_York", "2024-11-03T04:00:00Z", 3),
            (Times{"2024-11-03T01:30:00-04:00", "2024-11-03T01:30:00-05:00", "2024-11-04T01:30:00-05:00"}));
  // A day without midnight.
  EXPECT_EQ(times("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 1), Times{"2018-11-05T00:00:00-02:00"});
  EXPECT_EQ(times("0 1 4 11 *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 1), Times{"2018-11-04T01:00:00-02:00"});
  // Beyond the transitions that the database lists, and half hours.
  EXPECT_EQ(times("0 0 1 7 *", "Europe/Paris", "2050-01-01T00:00:00Z", 1), Times{"2050-07-01T00:00:00+02:00"});
  EXPECT_EQ(times("0 12 * * *", "Asia/Kolkata", "2024-01-01T00:00:00Z", 1), Times{"2024-01-01T12:00:00+05:30"});
}

TEST(Schedule, SaysWhatIsWrong) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", "empty spec string"},
      {"* * * *", "expected exactly 5 fields, found 4: [* * * *]"},
      {"0 * * * * *", "expected exactly 5 fields, found 6: [0 * * * * *]"},
      {" @hourly", "expected exactly 5 fields, found 1: [@hourly]"},
      {"60 * * * *", "end of range (60) above maximum (59): 60"},
      {"* * 0 * *", "beginning of range (0) below minimum (1): 0"},
      {"* * * * 7", "end of range (7) above maximum (6): 7"},
      {"5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"},
      {"1-2-3 * * * *", "too many hyphens: 1-2-3"},
      {"*/2/3 * * * *", "too many slashes: */2/3"},
      {"*/0 * * * *", "step of range should be a positive number: */0"},
      {"x * * * *", "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax"},
      {"-1 * * * *", "failed to parse int from : strconv.Atoi: parsing \"\": invalid syntax"},
      {"*/-1 * * * *", "negative number (-1) not allowed: -1"},
      {"99999999999999999999 * * * *",
       "failed to parse int from 99999999999999999999: strconv.Atoi: parsing \"99999999999999999999\": value out of range"},
      {"@often", "unrecognized descriptor: @often"},
      {"@every x", "failed to parse duration @every x: time: invalid duration \"x\""},
      {"TZ=Mars/Base 0 0 * * *", "provided bad location Mars/Base: unknown time zone Mars/Base"},
      {"TZ=UTC", "expected a schedule after the time zone: TZ=UTC"},
  };
  for (const auto& [schedule, message] : table) {
    const auto parsed = Schedule::parse(schedule, TimeZone::utc());
    ASSERT_FALSE(parsed.ok()) << schedule;
    EXPECT_EQ(parsed.error().message, message);
  }
}

TEST(TimeZone, LoadsWhatTheDatabaseHas) {
  for (const std::string_view name : {"", "UTC", "Local", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+3"})
    EXPECT_TRUE(TimeZone::load(name).ok()) << name;
  for (const std::string_view name : {"Mars/Base", "Europe", "../../../etc/passwd", "/etc/localtime", "Fixed/UTC+01:00:00", "europe/berlin"}) {
    const auto loaded = TimeZone::load(name);
    ASSERT_FALSE(loaded.ok()) << name;
    EXPECT_EQ(loaded.error().message, "unknown time zone " + std::string(name));
  }
}

}  // namespace
}  // namespace plumb::resources
