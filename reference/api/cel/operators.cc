// Operators, of whatever they are.
#include <cmath>

#include "reference/api/cel/functions.h"
#include "reference/api/cel/times.h"

namespace plumb::cel {

namespace {

Error overflow(std::string_view what) { return fail(Code::invalid_argument, std::string(what) + " overflow"); }

template <class Order>
Result<Value> ordered(Args args, Meter& meter, Order order) {
  if (args[0].is(Kind::string)) PLUMB_TRY(meter.charge_text(std::min(args[0].text().size(), args[1].is(Kind::string) ? args[1].text().size() : 0)));
  const auto found = Value::compare(args[0], args[1]);
  if (!found) return no_overload();
  return Value::of(order(*found));
}

void add_relations(Overloads& all) {
  struct Relation {
    const char* name;
    Function function;
  };
  static constexpr Relation relations[] = {
      {"_<_", [](Args args, Meter& meter) { return ordered(args, meter, [](std::partial_ordering order) { return order < 0; }); }},
      {"_<=_", [](Args args, Meter& meter) { return ordered(args, meter, [](std::partial_ordering order) { return order <= 0; }); }},
      {"_>_", [](Args args, Meter& meter) { return ordered(args, meter, [](std::partial_ordering order) { return order > 0; }); }},
      {"_>=_", [](Args args, Meter& meter) { return ordered(args, meter, [](std::partial_ordering order) { return order >= 0; }); }}};
  const Kind numbers[] = {Kind::integer, Kind::unsigned_integer, Kind::number};
  for (const Relation& one : relations) {
    for (const Kind a : numbers)
      for (const Kind b : numbers) all.push_back({one.name, false, {a, b}, Kind::boolean, one.function});
    for (const Kind kind : {Kind::boolean, Kind::string, Kind::bytes, Kind::timestamp, Kind::duration})
      all.push_back({one.name, false, {kind, kind}, Kind::boolean, one.function});
  }
}

template <bool (*operation)(std::int64_t, std::int64_t, std::int64_t*)>
Result<Value> on_integers(Args args, Meter&) {
  std::int64_t result = 0;
  if (operation(args[0].integer(), args[1].integer(), &result)) return overflow("integer");
  return Value::of(result);
}
template <bool (*operation)(std::uint64_t, std::uint64_t, std::uint64_t*)>
Result<Value> on_unsigned(Args args, Meter&) {
  std::uint64_t result = 0;
  if (operation(args[0].unsigned_integer(), args[1].unsigned_integer(), &result)) return overflow("unsigned integer");
  return Value::of(result);
}
template <class T>
bool plus(T a, T b, T* sum) { return __builtin_add_overflow(a, b, sum); }
template <class T>
bool minus(T a, T b, T* difference) { return __builtin_sub_overflow(a, b, difference); }
template <class T>
bool times(T a, T b, T* product) { return __builtin_mul_overflow(a, b, product); }

template <bool remainder>
Result<Value> divide_integers(Args args, Meter&) {
  const std::int64_t a = args[0].integer(), b = args[1].integer();
  if (b == 0) return fail(Code::invalid_argument, remainder ? "modulus by zero" : "division by zero");
  if (a == INT64_MIN && b == -1) return overflow("integer");
  return Value::of(remainder ? a % b : a / b);
}
template <bool remainder>
Result<Value> divide_unsigned(Args args, Meter&) {
  const std::uint64_t a = args[0].unsigned_integer(), b = args[1].unsigned_integer();
  if (b == 0) return fail(Code::invalid_argument, remainder ? "modulus by zero" : "division by zero");
  return Value::of(remainder ? a % b : a / b);
}

template <bool subtract>
Result<Value> add_spans(Args args, Meter&) {
  Span sum;
  const std::int64_t a = args[0].duration().nanoseconds, b = args[1].duration().nanoseconds;
  if (subtract ? __builtin_sub_overflow(a, b, &sum.nanoseconds) : __builtin_add_overflow(a, b, &sum.nanoseconds)) return overflow("duration");
  return Value::of(sum);
}
Result<Value> move_time(Timestamp time, Span by, bool back) {
  if (back && __builtin_sub_overflow(std::int64_t{0}, by.nanoseconds, &by.nanoseconds)) return overflow("timestamp");
  const auto moved = add(time, by);
  if (!moved) return overflow("timestamp");
  return Value::of(*moved);
}

Result<Value> join_lists(Args args, Meter& meter) {
  std::vector<Value> items;
  PLUMB_TRY(meter.charge(args[0].list().size() + args[1].list().size()));
  for (const Value& list : args)
    for (std::size_t i = 0; i < list.list().size(); ++i) items.push_back(list.list().at(i));
  return Value::list(std::move(items));
}

void add_arithmetic(Overloads& all) {
  const auto ints = [&](const char* name, Function function) { all.push_back({name, false, {Kind::integer, Kind::integer}, Kind::integer, function}); };
  const auto uints = [&](const char* name, Function function) {
    all.push_back({name, false, {Kind::unsigned_integer, Kind::unsigned_integer}, Kind::unsigned_integer, function});
  };
  const auto doubles = [&](const char* name, Function function) { all.push_back({name, false, {Kind::number, Kind::number}, Kind::number, function}); };
  ints("_+_", on_integers<plus>);
  ints("_-_", on_integers<minus>);
  ints("_*_", on_integers<times>);
  ints("_/_", divide_integers<false>);
  ints("_%_", divide_integers<true>);
  uints("_+_", on_unsigned<plus>);
  uints("_-_", on_unsigned<minus>);
  uints("_*_", on_unsigned<times>);
  uints("_/_", divide_unsigned<false>);
  uints("_%_", divide_unsigned<true>);
  doubles("_+_", [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].number() + args[1].number()); });
  doubles("_-_", [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].number() - args[1].number()); });
  doubles("_*_", [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].number() * args[1].number()); });
  doubles("_/_", [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].number() / args[1].number()); });
  all.push_back({"-_", false, {Kind::integer}, Kind::integer, [](Args args, Meter&) -> Result<Value> {
                   if (args[0].integer() == INT64_MIN) return overflow("integer");
                   return Value::of(-args[0].integer());
                 }});
  all.push_back({"-_", false, {Kind::number}, Kind::number, [](Args args, Meter&) -> Result<Value> { return Value::of(-args[0].number()); }});
  all.push_back({"!_", false, {Kind::boolean}, Kind::boolean, [](Args args, Meter&) -> Result<Value> { return Value::of(!args[0].boolean()); }});
}

void add_others(Overloads& all) {
  all.push_back({"_+_", false, {Kind::string, Kind::string}, Kind::string, [](Args args, Meter& meter) -> Result<Value> {
                   PLUMB_TRY(meter.charge_text(args[0].text().size() + args[1].text().size()));
                   return Value::of(args[0].text() + args[1].text());
                 }});
  all.push_back({"_+_", false, {Kind::bytes, Kind::bytes}, Kind::bytes, [](Args args, Meter& meter) -> Result<Value> {
                   PLUMB_TRY(meter.charge_text(args[0].bytes().size() + args[1].bytes().size()));
                   return Value::bytes(args[0].bytes() + args[1].bytes());
                 }});
  all.push_back({"_+_", false, {Kind::list, Kind::list}, Kind::list, join_lists, Overload::Gives::the_first});
  all.push_back({"_+_", false, {Kind::duration, Kind::duration}, Kind::duration, add_spans<false>});
  all.push_back({"_-_", false, {Kind::duration, Kind::duration}, Kind::duration, add_spans<true>});
  all.push_back({"_+_", false, {Kind::timestamp, Kind::duration}, Kind::timestamp,
                 [](Args args, Meter&) { return move_time(args[0].timestamp(), args[1].duration(), false); }});
  all.push_back({"_+_", false, {Kind::duration, Kind::timestamp}, Kind::timestamp,
                 [](Args args, Meter&) { return move_time(args[1].timestamp(), args[0].duration(), false); }});
  all.push_back({"_-_", false, {Kind::timestamp, Kind::duration}, Kind::timestamp,
                 [](Args args, Meter&) { return move_time(args[0].timestamp(), args[1].duration(), true); }});
  all.push_back({"_-_", false, {Kind::timestamp, Kind::timestamp}, Kind::duration, [](Args args, Meter&) -> Result<Value> {
                   const auto span = difference(args[0].timestamp(), args[1].timestamp());
                   if (!span) return overflow("duration");
                   return Value::of(*span);
                 }});
  all.push_back({"_==_", false, {Kind::dyn, Kind::dyn}, Kind::boolean,
                 [](Args args, Meter& meter) -> Result<Value> { return Value::of(PLUMB_TRY(equal(args[0], args[1], meter))); }});
  all.push_back({"_!=_", false, {Kind::dyn, Kind::dyn}, Kind::boolean,
                 [](Args args, Meter& meter) -> Result<Value> { return Value::of(!PLUMB_TRY(equal(args[0], args[1], meter))); }});
  for (const Kind container : {Kind::list, Kind::map})
    all.push_back({"_in_", false, {Kind::dyn, container}, Kind::boolean,
                   [](Args args, Meter& meter) -> Result<Value> { return Value::of(PLUMB_TRY(holds(args[1], args[0], meter))); }});
}

}  // namespace

void add_operators(Overloads& all) {
  add_relations(all);
  add_arithmetic(all);
  add_others(all);
}

}  // namespace plumb::cel
