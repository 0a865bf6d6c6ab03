#include "reference/api/cel/times.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <charconv>

namespace plumb::cel {

namespace {

constexpr std::int64_t billion = 1'000'000'000;
constexpr Timestamp earliest{-62'135'596'800, 0}, latest{253'402'300'799, 999'999'999};

absl::Time to_absl(const Timestamp& time) { return absl::FromUnixSeconds(time.seconds) + absl::Nanoseconds(time.nanoseconds); }

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty() || text.front() == '-') return std::nullopt;
  return value;
}

// Seconds east of Greenwich.
std::optional<int> offset_of(std::string_view text) {
  const int sign = text.starts_with('-') ? -1 : 1;
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto hours = number(text.substr(0, colon)), minutes = number(text.substr(colon + 1));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return sign * (*hours * 3600 + *minutes * 60);
}

std::string fraction(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return {};
  std::string digits = std::to_string(billion + nanoseconds).substr(1);
  while (digits.back() == '0') digits.pop_back();
  return "." + digits;
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string text = std::to_string(value);
  return std::string(width - std::min(width, text.size()), '0') + text;
}

}  // namespace

bool is_in_range(const Timestamp& time) { return earliest <= time && time <= latest; }

Result<Timestamp> parse_timestamp(std::string_view text) {
  const Error bad = fail(Code::invalid_argument, "\"" + std::string(text) + "\" is no timestamp: RFC 3339 from the year 1 to 9999 is needed");
  const auto part = [&](std::size_t at, std::size_t length) { return text.size() >= at + length ? number(text.substr(at, length)) : std::nullopt; };
  const auto year = part(0, 4), month = part(5, 2), day = part(8, 2), hour = part(11, 2), minute = part(14, 2), second = part(17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':')
    return bad;
  const absl::CivilSecond civil(*year, *month, *day, *hour, *minute, *second);
  if (civil.month() != *month || civil.day() != *day || *hour > 23 || *minute > 59 || *second > 59) return bad;
  std::string_view rest = text.substr(19);
  std::int64_t nanoseconds = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0) return bad;
    for (std::size_t i = 0; i < 9; ++i) nanoseconds = nanoseconds * 10 + (i < digits ? rest[i] - '0' : 0);
    rest.remove_prefix(digits);
  }
  std::optional<int> offset = 0;
  if (rest != "Z" && rest != "z") offset = rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') ? offset_of(rest) : std::nullopt;
  if (!offset) return bad;
  const Timestamp time{absl::ToUnixSeconds(absl::FromCivil(civil, absl::UTCTimeZone())) - *offset, static_cast<std::int32_t>(nanoseconds)};
  if (!is_in_range(time)) return bad;
  return time;
}

std::string format(const Timestamp& time) {
  const absl::CivilSecond civil = absl::ToCivilSecond(to_absl(time), absl::UTCTimeZone());
  return padded(civil.year(), 4) + "-" + padded(civil.month(), 2) + "-" + padded(civil.day(), 2) + "T" + padded(civil.hour(), 2) + ":" +
         padded(civil.minute(), 2) + ":" + padded(civil.second(), 2) + fraction(time.nanoseconds) + "Z";
}

std::string format(const Span& duration) {
  const std::int64_t seconds = duration.nanoseconds / billion, rest = std::abs(duration.nanoseconds % billion);
  return (duration.nanoseconds < 0 && seconds == 0 ? "-" : "") + std::to_string(seconds) + fraction(rest) + "s";
}

std::optional<Timestamp> add(const Timestamp& time, const Span& duration) {
  std::int64_t seconds = time.seconds + duration.nanoseconds / billion, nanoseconds = time.nanoseconds + duration.nanoseconds % billion;
  if (nanoseconds < 0) --seconds, nanoseconds += billion;
  if (nanoseconds >= billion) ++seconds, nanoseconds -= billion;
  const Timestamp sum{seconds, static_cast<std::int32_t>(nanoseconds)};
  return is_in_range(sum) ? std::optional(sum) : std::nullopt;
}

std::optional<Span> difference(const Timestamp& a, const Timestamp& b) {
  Span span;
  if (__builtin_mul_overflow(a.seconds - b.seconds, billion, &span.nanoseconds)) return std::nullopt;
  if (__builtin_add_overflow(span.nanoseconds, std::int64_t{a.nanoseconds} - b.nanoseconds, &span.nanoseconds)) return std::nullopt;
  return span;
}

Result<Parts> parts_of(const Timestamp& time, std::string_view zone) {
  absl::TimeZone tz = absl::UTCTimeZone();
  if (const auto offset = offset_of(zone)) tz = absl::FixedTimeZone(*offset);
  else if (!zone.empty() && !absl::LoadTimeZone(absl::string_view(zone.data(), zone.size()), &tz)) return fail(Code::invalid_argument, "unknown time zone " + std::string(zone));
  const absl::CivilSecond civil = absl::ToCivilSecond(to_absl(time), tz);
  const int weekday = static_cast<int>(absl::GetWeekday(civil));  // Monday is 0
  return Parts{civil.year(), civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second(), time.nanoseconds / 1'000'000, (weekday + 1) % 7,
               absl::GetYearDay(civil) - 1};
}

}  // namespace plumb::cel
