// Functions of timestamps and durations.
#include "reference/api/cel/functions.h"
#include "reference/api/cel/times.h"

namespace plumb::cel {

namespace {

constexpr std::int64_t millisecond = 1'000'000, second = 1'000 * millisecond;

template <class Part>
Result<Value> part_of(Args args, Part part) {
  return Value::of(part(PLUMB_TRY(parts_of(args[0].timestamp(), args.size() > 1 ? args[1].text() : ""))));
}

}  // namespace

void add_times(Overloads& all) {
  const auto of_timestamp = [&](const char* name, Function function) {
    all.push_back({name, true, {Kind::timestamp}, Kind::integer, function});
    all.push_back({name, true, {Kind::timestamp, Kind::string}, Kind::integer, function});
  };
  const auto of_duration = [&](const char* name, Function function) { all.push_back({name, true, {Kind::duration}, Kind::integer, function}); };
  of_timestamp("getFullYear", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.year; }); });
  of_timestamp("getMonth", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.month - 1; }); });
  of_timestamp("getDate", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.day; }); });
  of_timestamp("getDayOfMonth", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.day - 1; }); });
  of_timestamp("getDayOfWeek", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.day_of_week; }); });
  of_timestamp("getDayOfYear", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.day_of_year; }); });
  of_timestamp("getHours", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.hour; }); });
  of_timestamp("getMinutes", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.minute; }); });
  of_timestamp("getSeconds", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.second; }); });
  of_timestamp("getMilliseconds", [](Args args, Meter&) { return part_of(args, [](const Parts& parts) { return parts.millisecond; }); });
  of_duration("getHours", [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].duration().nanoseconds / (3600 * second)); });
  of_duration("getMinutes", [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].duration().nanoseconds / (60 * second)); });
  of_duration("getSeconds", [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].duration().nanoseconds / second); });
  of_duration("getMilliseconds", [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].duration().nanoseconds / millisecond % 1'000); });
}

}  // namespace plumb::cel
