#include "reference/resources/cronjobs/time_zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <filesystem>

namespace plumb::resources {

namespace {

constexpr std::string_view database = "/usr/share/zoneinfo/";

absl::Time to_absl(WallTime time) { return absl::FromUnixNanos(time.time_since_epoch().count()); }

// Names come from users and absl keeps every one that it was asked for, so that only those of the database get there.
bool is_in_database(std::string_view name) {
  if (name.front() == '/' || name.find('\\') != std::string_view::npos || name.find("..") != std::string_view::npos) return false;
  std::error_code ignored;
  return std::filesystem::is_regular_file(std::string(database).append(name), ignored);
}

}  // namespace

struct TimeZone::Zone {
  absl::TimeZone rules;
};

TimeZone::TimeZone(Zone zone) : zone_(std::make_shared<const Zone>(zone)) {}

TimeZone TimeZone::utc() { return TimeZone(Zone{absl::UTCTimeZone()}); }

TimeZone TimeZone::local() { return TimeZone(Zone{absl::LocalTimeZone()}); }

Result<TimeZone> TimeZone::load(std::string_view name) {
  if (name.empty() || name == "UTC") return utc();
  if (name == "Local") return local();
  absl::TimeZone rules;
  if (!is_in_database(name) || !absl::LoadTimeZone(absl::string_view(name.data(), name.size()), &rules))
    return fail(Code::not_found, "unknown time zone " + std::string(name));
  return TimeZone(Zone{rules});
}

CivilTime TimeZone::civil(WallTime time) const {
  const absl::CivilSecond shown = zone_->rules.At(to_absl(time)).cs;
  // absl counts weekdays from Monday.
  const int weekday = (static_cast<int>(absl::GetWeekday(shown)) + 1) % 7;
  return {shown.year(), shown.month(), shown.day(), shown.hour(), shown.minute(), shown.second(), weekday};
}

WallTime TimeZone::start_of_day(std::int64_t year, int month, int day) const {
  const auto found = zone_->rules.At(absl::CivilSecond(absl::CivilDay(year, month, day)));
  const absl::Time time = found.kind == absl::TimeZone::TimeInfo::SKIPPED ? found.trans : found.pre;
  return WallTime(std::chrono::nanoseconds(absl::ToUnixNanos(time)));
}

std::string TimeZone::format(WallTime time) const {
  const absl::Time instant = to_absl(time);
  if (zone_->rules.At(instant).offset == 0) return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", instant, zone_->rules);
  return absl::FormatTime("%Y-%m-%dT%H:%M:%S%Ez", instant, zone_->rules);
}

}  // namespace plumb::resources
