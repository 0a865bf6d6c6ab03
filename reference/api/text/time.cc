#include "reference/api/text/time.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "harness/base/encoding.h"

namespace plumb::api {
namespace {

using namespace std::chrono;

bool is_digit_of_time(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `width` digits off the front; -1 when they are not there.
int take_number(std::string_view& text, std::size_t width) {
  if (text.size() < width) return -1;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (!is_digit_of_time(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

std::int64_t take_fraction(std::string_view& text) {
  std::int64_t value = 0, unit = 100'000'000;
  for (; !text.empty() && is_digit_of_time(text[0]); unit /= 10, text.remove_prefix(1)) value += (text[0] - '0') * unit;
  return value;
}

std::optional<WallTime> read_time(std::string_view text) {
  const int y = take_number(text, 4);
  if (y < 0 || !take(text, '-')) return std::nullopt;
  const int mo = take_number(text, 2);
  if (mo < 0 || !take(text, '-')) return std::nullopt;
  const int d = take_number(text, 2);
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d < 0 ? 0 : d))};
  // Nanoseconds in 64 bits end in the years 1677 and 2262.
  if (d < 0 || !date.ok() || y < 1678 || y > 2261 || !take(text, 'T')) return std::nullopt;
  const int h = take_number(text, 2);
  if (h < 0 || h > 23 || !take(text, ':')) return std::nullopt;
  const int mi = take_number(text, 2);
  if (mi < 0 || mi > 59 || !take(text, ':')) return std::nullopt;
  const int s = take_number(text, 2);
  if (s < 0 || s > 59) return std::nullopt;
  std::int64_t fraction = 0;
  if (take(text, '.')) {
    if (text.empty() || !is_digit_of_time(text[0])) return std::nullopt;
    fraction = take_fraction(text);
  }
  WallTime time = sys_days(date) + hours(h) + minutes(mi) + seconds(s) + nanoseconds(fraction);
  if (text == "Z") return time;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int direction = text[0] == '+' ? -1 : 1;
  text.remove_prefix(1);
  const int oh = take_number(text, 2);
  if (oh < 0 || oh > 23 || !take(text, ':')) return std::nullopt;
  const int om = take_number(text, 2);
  if (om < 0 || om > 59 || !text.empty()) return std::nullopt;
  return time + direction * (hours(oh) + minutes(om));
}

std::string date_and_time(WallTime time, const char* end_mark) {
  const auto second = floor<seconds>(time);  // the first day that nanoseconds can name begins before their first moment
  const auto day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss clock(second - day);
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d%s", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), end_mark);
  return buffer;
}

std::int64_t unit_of(std::string_view name) {
  constexpr std::pair<std::string_view, std::int64_t> units[] = {
      {"ns", 1},          {"us", 1'000},         {"µs", 1'000},          {"μs", 1'000},
      {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
  for (const auto& [text, nanos] : units)
    if (text == name) return nanos;
  return 0;
}

Error bad_duration(std::string_view what, std::string_view text) {
  return fail(Code::invalid_argument, "time: " + std::string(what) + " \"" + std::string(text) + "\"", "BadRequest");
}

void append_fraction(std::string& out, std::int64_t value, std::int64_t unit) {
  out += std::to_string(value / unit);
  if (std::int64_t rest = value % unit) {
    out += '.';
    for (unit /= 10; rest; unit /= 10) {
      out += static_cast<char>('0' + rest / unit);
      rest %= unit;
    }
  }
}

}  // namespace

Result<WallTime> parse_time(std::string_view text) {
  if (const auto time = read_time(text)) return *time;
  return fail(Code::invalid_argument, "parsing time \"" + std::string(text) + "\" as \"2006-01-02T15:04:05Z07:00\": not an RFC 3339 time", "BadRequest");
}

std::string format_time(WallTime time) { return date_and_time(time, "Z"); }

std::string format_micro_time(WallTime time) {
  char mark[16];
  const auto micros = duration_cast<microseconds>(time - floor<seconds>(time)).count();
  std::snprintf(mark, sizeof mark, ".%06dZ", static_cast<int>(micros));
  return date_and_time(time, mark);
}

Result<Duration> parse_duration(std::string_view text) {
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return Duration(0);
  if (rest.empty()) return bad_duration("invalid duration", text);
  __int128 total = 0;
  while (!rest.empty()) {
    const std::size_t width = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const auto whole = width ? parse_int(rest.substr(0, width)) : std::optional<std::int64_t>(0);
    rest.remove_prefix(width);
    bool any = width > 0;
    double fraction = 0, place = 1;
    if (take(rest, '.')) {
      for (; !rest.empty() && is_digit_of_time(rest[0]); rest.remove_prefix(1), any = true) fraction += (rest[0] - '0') * (place /= 10);
    }
    if (!any || !whole) return bad_duration("invalid duration", text);
    const std::size_t name = std::min(rest.find_first_of(".0123456789"), rest.size());
    if (name == 0) return bad_duration("missing unit in duration", text);
    const std::int64_t unit = unit_of(rest.substr(0, name));
    if (!unit) return bad_duration("unknown unit \"" + std::string(rest.substr(0, name)) + "\" in duration", text);
    rest.remove_prefix(name);
    total += __int128{*whole} * unit + static_cast<std::int64_t>(fraction * static_cast<double>(unit) + 1e-6);
    if (total > INT64_MAX) return bad_duration("invalid duration", text);
  }
  const auto nanos = static_cast<std::int64_t>(total);
  return Duration(negative ? -nanos : nanos);
}

std::string format_duration(Duration duration) {
  std::int64_t value = duration.count();
  if (value == 0) return "0s";
  if (value == INT64_MIN) return "-2562047h47m16.854775808s";
  std::string out = value < 0 ? "-" : "";
  value = std::abs(value);
  if (value < 1'000'000'000) {
    const std::int64_t unit = value < 1'000 ? 1 : value < 1'000'000 ? 1'000 : 1'000'000;
    append_fraction(out, value, unit);
    return out + (unit == 1 ? "ns" : unit == 1'000 ? "µs" : "ms");
  }
  const std::int64_t minutes = value / 60'000'000'000;
  if (minutes >= 60) out += std::to_string(minutes / 60) + "h";
  if (minutes > 0) out += std::to_string(minutes % 60) + "m";
  append_fraction(out, value % 60'000'000'000, 1'000'000'000);
  return out + "s";
}

}  // namespace plumb::api
