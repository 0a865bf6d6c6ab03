// From one kind to another.
#include <charconv>
#include <optional>
#include <cmath>

#include "reference/api/cel/functions.h"
#include "reference/api/cel/times.h"
#include "reference/api/cel/utf8.h"
#include "reference/api/text/time.h"

namespace plumb::cel {

namespace {

Error no_conversion(const std::string& text, std::string_view kind) {
  return fail(Code::invalid_argument, "type conversion error from 'string' to '" + std::string(kind) + "': \"" + text.substr(0, 64) + "\"");
}
Error overflow(std::string_view what) { return fail(Code::invalid_argument, std::string(what) + " overflow"); }
Result<Value> as_it_is(Args args, Meter&) { return args[0]; }

template <class T>
std::optional<T> parsed(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with('+')) return std::nullopt;
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// As Go's strconv writes it with 'g' and the fewest digits.
std::string text_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[64];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string text(buffer, scientific.ptr);
  const int exponent = parsed<int>(std::string_view(text).substr(text.find('e') + 1)).value_or(0);
  if (exponent < -4 || exponent >= 6) return text;
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return std::string(buffer, fixed.ptr);
}

void add_numbers(Overloads& all) {
  all.push_back({"int", false, {Kind::integer}, Kind::integer, as_it_is});
  all.push_back({"int", false, {Kind::unsigned_integer}, Kind::integer, [](Args args, Meter&) -> Result<Value> {
                   if (args[0].unsigned_integer() > INT64_MAX) return overflow("integer");
                   return Value::of(static_cast<std::int64_t>(args[0].unsigned_integer()));
                 }});
  all.push_back({"int", false, {Kind::number}, Kind::integer, [](Args args, Meter&) -> Result<Value> {
                   const double value = args[0].number();
                   if (!(value > -0x1p63 && value < 0x1p63)) return overflow("integer");
                   return Value::of(static_cast<std::int64_t>(value));
                 }});
  all.push_back({"int", false, {Kind::string}, Kind::integer, [](Args args, Meter&) -> Result<Value> {
                   const auto value = parsed<std::int64_t>(args[0].text());
                   if (!value) return no_conversion(args[0].text(), "int");
                   return Value::of(*value);
                 }});
  all.push_back({"int", false, {Kind::timestamp}, Kind::integer, [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].timestamp().seconds); }});
  all.push_back({"uint", false, {Kind::unsigned_integer}, Kind::unsigned_integer, as_it_is});
  all.push_back({"uint", false, {Kind::integer}, Kind::unsigned_integer, [](Args args, Meter&) -> Result<Value> {
                   if (args[0].integer() < 0) return overflow("unsigned integer");
                   return Value::of(static_cast<std::uint64_t>(args[0].integer()));
                 }});
  all.push_back({"uint", false, {Kind::number}, Kind::unsigned_integer, [](Args args, Meter&) -> Result<Value> {
                   const double value = args[0].number();
                   if (!(value >= 0 && value < 0x1p64)) return overflow("unsigned integer");
                   return Value::of(static_cast<std::uint64_t>(value));
                 }});
  all.push_back({"uint", false, {Kind::string}, Kind::unsigned_integer, [](Args args, Meter&) -> Result<Value> {
                   const auto value = parsed<std::uint64_t>(args[0].text());
                   if (!value) return no_conversion(args[0].text(), "uint");
                   return Value::of(*value);
                 }});
  all.push_back({"double", false, {Kind::number}, Kind::number, as_it_is});
  all.push_back({"double", false, {Kind::integer}, Kind::number,
                 [](Args args, Meter&) -> Result<Value> { return Value::of(static_cast<double>(args[0].integer())); }});
  all.push_back({"double", false, {Kind::unsigned_integer}, Kind::number,
                 [](Args args, Meter&) -> Result<Value> { return Value::of(static_cast<double>(args[0].unsigned_integer())); }});
  all.push_back({"double", false, {Kind::string}, Kind::number, [](Args args, Meter&) -> Result<Value> {
                   const auto value = parsed<double>(args[0].text());
                   if (!value) return no_conversion(args[0].text(), "double");
                   return Value::of(*value);
                 }});
}

void add_strings(Overloads& all) {
  all.push_back({"string", false, {Kind::string}, Kind::string, as_it_is});
  all.push_back({"string", false, {Kind::boolean}, Kind::string, [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].boolean() ? "true" : "false"); }});
  all.push_back({"string", false, {Kind::integer}, Kind::string, [](Args args, Meter&) -> Result<Value> { return Value::of(std::to_string(args[0].integer())); }});
  all.push_back({"string", false, {Kind::unsigned_integer}, Kind::string,
                 [](Args args, Meter&) -> Result<Value> { return Value::of(std::to_string(args[0].unsigned_integer())); }});
  all.push_back({"string", false, {Kind::number}, Kind::string, [](Args args, Meter&) -> Result<Value> { return Value::of(text_of(args[0].number())); }});
  all.push_back({"string", false, {Kind::timestamp}, Kind::string, [](Args args, Meter&) -> Result<Value> { return Value::of(format(args[0].timestamp())); }});
  all.push_back({"string", false, {Kind::duration}, Kind::string, [](Args args, Meter&) -> Result<Value> { return Value::of(format(args[0].duration())); }});
  all.push_back({"string", false, {Kind::bytes}, Kind::string, [](Args args, Meter& meter) -> Result<Value> {
                   PLUMB_TRY(meter.charge_text(args[0].bytes().size()));
                   if (!is_utf8(args[0].bytes())) return fail(Code::invalid_argument, "invalid UTF-8 in bytes, cannot convert to string");
                   return Value::of(args[0].bytes());
                 }});
  all.push_back({"bytes", false, {Kind::bytes}, Kind::bytes, as_it_is});
  all.push_back({"bytes", false, {Kind::string}, Kind::bytes, [](Args args, Meter& meter) -> Result<Value> {
                   PLUMB_TRY(meter.charge_text(args[0].text().size()));
                   return Value::bytes(args[0].text());
                 }});
}

void add_rest(Overloads& all) {
  all.push_back({"bool", false, {Kind::boolean}, Kind::boolean, as_it_is});
  all.push_back({"bool", false, {Kind::string}, Kind::boolean, [](Args args, Meter&) -> Result<Value> {
                   for (const char* yes : {"1", "t", "T", "true", "TRUE", "True"})
                     if (args[0].text() == yes) return Value::of(true);
                   for (const char* no : {"0", "f", "F", "false", "FALSE", "False"})
                     if (args[0].text() == no) return Value::of(false);
                   return no_conversion(args[0].text(), "bool");
                 }});
  all.push_back({"timestamp", false, {Kind::timestamp}, Kind::timestamp, as_it_is});
  all.push_back({"timestamp", false, {Kind::integer}, Kind::timestamp, [](Args args, Meter&) -> Result<Value> {
                   const Timestamp time{args[0].integer(), 0};
                   if (!is_in_range(time)) return overflow("timestamp");
                   return Value::of(time);
                 }});
  all.push_back({"timestamp", false, {Kind::string}, Kind::timestamp,
                 [](Args args, Meter&) -> Result<Value> { return Value::of(PLUMB_TRY(parse_timestamp(args[0].text()))); }});
  all.push_back({"duration", false, {Kind::duration}, Kind::duration, as_it_is});
  all.push_back({"duration", false, {Kind::string}, Kind::duration, [](Args args, Meter&) -> Result<Value> {
                   const auto duration = PLUMB_TRY(api::parse_duration(args[0].text()));
                   return Value::of(Span{std::chrono::nanoseconds(duration).count()});
                 }});
  all.push_back({"dyn", false, {Kind::dyn}, Kind::dyn, as_it_is});
  all.push_back({"type", false, {Kind::dyn}, Kind::type, [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].kind()); }});
}

}  // namespace

void add_conversions(Overloads& all) {
  add_numbers(all);
  add_strings(all);
  add_rest(all);
}

}  // namespace plumb::cel
