#include "reference/resources/cronjobs/schedule.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "harness/base/encoding.h"
#include "reference/api/text/time.h"

namespace plumb::resources {

namespace {

constexpr int years_ahead = 5;
constexpr std::uint64_t star = std::uint64_t{1} << 63;

struct Field {
  unsigned low, high;
  std::vector<std::string_view> names = {};  // from `low` on
};
const Field minute_field{0, 59}, hour_field{0, 23}, day_field{1, 31};
const Field month_field{1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}};
const Field weekday_field{0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}};

Error wrong(std::string message) { return fail(Code::invalid_argument, std::move(message)); }

Result<unsigned> parse_number(std::string_view text) {
  const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const std::string_view unsigned_digits = digits.starts_with('-') ? digits.substr(1) : digits;
  const auto number = parse_int(digits);
  if (!number || *number > UINT32_MAX) {
    const bool too_large = !unsigned_digits.empty() && std::all_of(unsigned_digits.begin(), unsigned_digits.end(), is_digit);
    return wrong("failed to parse int from " + std::string(text) + ": strconv.Atoi: parsing \"" + std::string(text) +
                 "\": " + (too_large ? "value out of range" : "invalid syntax"));
  }
  if (*number < 0) return wrong("negative number (" + std::to_string(*number) + ") not allowed: " + std::string(text));
  return static_cast<unsigned>(*number);
}

Result<unsigned> parse_value(std::string_view text, const Field& field) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const auto found = std::find(field.names.begin(), field.names.end(), lower);
  if (found != field.names.end()) return field.low + static_cast<unsigned>(found - field.names.begin());
  return parse_number(text);
}

std::uint64_t numbers(unsigned low, unsigned high, unsigned step) {
  std::uint64_t set = 0;
  for (std::uint64_t i = low; i <= high; i += step) set |= std::uint64_t{1} << i;
  return set;
}

// "*", "5", "1-5", "*/10", "1-5/2"; "5/10" means from 5 to the end.
Result<std::uint64_t> parse_range(std::string_view text, const Field& field) {
  const auto parts = split(text, '/'), ends = split(parts[0], '-');
  const auto complain = [&](const std::string& what) { return wrong(what + ": " + std::string(text)); };
  unsigned low = field.low, high = field.high, step = 1;
  std::uint64_t extra = 0;
  if (ends[0] == "*" || ends[0] == "?") {
    extra = star;
  } else {
    low = high = PLUMB_TRY(parse_value(ends[0], field));
    if (ends.size() > 2) return complain("too many hyphens");
    if (ends.size() == 2) high = PLUMB_TRY(parse_value(ends[1], field));
  }
  if (parts.size() > 2) return complain("too many slashes");
  if (parts.size() == 2) {
    step = PLUMB_TRY(parse_number(parts[1]));
    if (ends.size() == 1) high = field.high;
    if (step > 1) extra = 0;
  }
  const auto shown = [](unsigned number) { return "(" + std::to_string(number) + ")"; };
  if (low < field.low) return complain("beginning of range " + shown(low) + " below minimum " + shown(field.low));
  if (high > field.high) return complain("end of range " + shown(high) + " above maximum " + shown(field.high));
  if (low > high) return complain("beginning of range " + shown(low) + " beyond end of range " + shown(high));
  if (step == 0) return complain("step of range should be a positive number");
  return numbers(low, high, step) | extra;
}

Result<std::uint64_t> parse_list(std::string_view text, const Field& field) {
  std::uint64_t set = 0;
  for (const std::string_view range : split(text, ','))
    if (!range.empty()) set |= PLUMB_TRY(parse_range(range, field));
  return set;
}

std::vector<std::string_view> words(std::string_view text) {
  constexpr std::string_view spaces = " \t\n\v\f\r";
  std::vector<std::string_view> found;
  for (std::size_t at = text.find_first_not_of(spaces); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(spaces, at), text.size());
    found.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(spaces, end);
  }
  return found;
}

bool holds(std::uint64_t set, int number) { return (set >> number) & 1; }

}  // namespace

Result<Schedule> Schedule::parse(std::string_view text, TimeZone zone) {
  if (text.empty()) return wrong("empty spec string");
  if (text.starts_with("TZ=") || text.starts_with("CRON_TZ=")) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return wrong("expected a schedule after the time zone: " + std::string(text));
    const std::size_t begin = text.find('=') + 1;
    const std::string_view name = text.substr(begin, space - begin);
    auto named = TimeZone::load(name);
    if (!named.ok()) return wrong("provided bad location " + std::string(name) + ": " + named.error().message);
    zone = std::move(*named);
    text = trim(text.substr(space));
  }
  Schedule schedule(std::move(zone));
  const Status parsed = text.starts_with('@') ? schedule.parse_descriptor(text) : schedule.parse_fields(text);
  if (!parsed.ok()) return parsed.error();
  return schedule;
}

Status Schedule::parse_fields(std::string_view text) {
  const auto fields = words(text);
  if (fields.size() != 5) {
    const std::string shown = join({fields.begin(), fields.end()}, " ");
    return wrong("expected exactly 5 fields, found " + std::to_string(fields.size()) + ": [" + shown + "]");
  }
  minutes_ = PLUMB_TRY(parse_list(fields[0], minute_field));
  hours_ = PLUMB_TRY(parse_list(fields[1], hour_field));
  days_ = PLUMB_TRY(parse_list(fields[2], day_field));
  months_ = PLUMB_TRY(parse_list(fields[3], month_field));
  weekdays_ = PLUMB_TRY(parse_list(fields[4], weekday_field));
  return {};
}

Status Schedule::parse_descriptor(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> named = {{{"@yearly", "0 0 1 1 *"},
                                                                                          {"@annually", "0 0 1 1 *"},
                                                                                          {"@monthly", "0 0 1 * *"},
                                                                                          {"@weekly", "0 0 * * 0"},
                                                                                          {"@daily", "0 0 * * *"},
                                                                                          {"@midnight", "0 0 * * *"},
                                                                                          {"@hourly", "0 * * * *"}}};
  for (const auto& [name, fields] : named)
    if (name == text) return parse_fields(fields);
  constexpr std::string_view every = "@every ";
  if (!text.starts_with(every)) return wrong("unrecognized descriptor: " + std::string(text));
  const Result<Duration> parsed = api::parse_duration(text.substr(every.size()));
  if (!parsed.ok()) return wrong("failed to parse duration " + std::string(text) + ": " + parsed.error().message);
  every_ = std::max<Duration>(std::chrono::floor<std::chrono::seconds>(*parsed), std::chrono::seconds(1));
  return {};
}

bool Schedule::day_matches(const CivilTime& time) const {
  const bool day = holds(days_, time.day), weekday = holds(weekdays_, time.weekday);
  return (days_ & star) || (weekdays_ & star) ? day && weekday : day || weekday;
}

std::optional<WallTime> Schedule::next(WallTime time) const {
  time = std::chrono::floor<std::chrono::seconds>(time);
  if (every_) return time + *every_;
  time += std::chrono::seconds(1);
  const std::int64_t last_year = zone_.civil(time).year + years_ahead;
  for (;;) {
    const CivilTime now = zone_.civil(time);
    if (now.year > last_year) return std::nullopt;
    if (!holds(months_, now.month)) {
      time = zone_.start_of_day(now.year, now.month + 1, 1);
    } else if (!day_matches(now)) {
      time = zone_.start_of_day(now.year, now.month, now.day + 1);
    } else if (!holds(hours_, now.hour)) {
      time += std::chrono::seconds(3600 - now.minute * 60 - now.second);
    } else if (now.second != 0 || !holds(minutes_, now.minute)) {
      time += std::chrono::seconds(60 - now.second);
    } else {
      return time;
    }
  }
}

}  // namespace plumb::resources
