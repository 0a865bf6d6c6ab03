// Optional values.
#include "reference/api/cel/functions.h"

namespace plumb::cel {

namespace {

// What counts as nothing for ofNonZeroValue.
bool is_zero(const Value& value) {
  switch (value.kind()) {
    case Kind::null: return true;
    case Kind::boolean: return !value.boolean();
    case Kind::string: return value.text().empty();
    case Kind::bytes: return value.bytes().empty();
    case Kind::list: return value.list().size() == 0;
    case Kind::map: return value.map().size() == 0;
    case Kind::duration: return value.duration().nanoseconds == 0;
    case Kind::optional: return !value.optional();
    default: return value.is_number() && value == Value::of(std::int64_t{0});
  }
}

}  // namespace

void add_optionals(Overloads& all) {
  all.push_back({"optional.of", false, {Kind::dyn}, Kind::optional, [](Args args, Meter&) -> Result<Value> { return Value::optional(args[0]); }});
  all.push_back({"optional.none", false, {}, Kind::optional, [](Args, Meter&) -> Result<Value> { return Value::optional(std::nullopt); }});
  all.push_back({"optional.ofNonZeroValue", false, {Kind::dyn}, Kind::optional, [](Args args, Meter&) -> Result<Value> {
                   return Value::optional(is_zero(args[0]) ? std::nullopt : std::optional(args[0]));
                 }});
  all.push_back({"hasValue", true, {Kind::optional}, Kind::boolean, [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].optional().has_value()); }});
  all.push_back({"value", true, {Kind::optional}, Kind::dyn,
                 [](Args args, Meter&) -> Result<Value> {
                   if (!args[0].optional()) return fail(Code::invalid_argument, "optional.none() dereference");
                   return *args[0].optional();
                 },
                 Overload::Gives::what_the_first_holds});
  all.push_back({"or", true, {Kind::optional, Kind::optional}, Kind::optional, [](Args args, Meter&) -> Result<Value> { return args[0].optional() ? args[0] : args[1]; },
                 Overload::Gives::the_first});
  all.push_back({"orValue", true, {Kind::optional, Kind::dyn}, Kind::dyn,
                 [](Args args, Meter&) -> Result<Value> { return args[0].optional() ? *args[0].optional() : args[1]; }, Overload::Gives::what_the_first_holds});
}

}  // namespace plumb::cel
