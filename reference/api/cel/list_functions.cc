// Functions of lists and maps: CEL's own, and Kubernetes' libraries lists and sets.
#include "reference/api/cel/functions.h"

namespace plumb::cel {

namespace {

template <class View>
Result<Value> size(const View& view) {
  return Value::of(static_cast<std::int64_t>(view.size()));
}

// The order of two neighbours; an error for what has none.
Result<std::partial_ordering> order_of(const Value& a, const Value& b, Meter& meter) {
  PLUMB_TRY(meter.charge(a.is(Kind::string) ? 1 + a.text().size() / 10 : 1));
  const auto order = Value::compare(a, b);
  if (!order) return no_overload();
  return *order;
}

Result<Value> is_sorted(Args args, Meter& meter) {
  const ListView& list = args[0].list();
  for (std::size_t i = 1; i < list.size(); ++i)
    if (PLUMB_TRY(order_of(list.at(i - 1), list.at(i), meter)) > 0) return Value::of(false);
  return Value::of(true);
}

template <bool largest>
Result<Value> extreme(Args args, Meter& meter) {
  const ListView& list = args[0].list();
  if (list.size() == 0) return fail(Code::invalid_argument, largest ? "max called on empty list" : "min called on empty list");
  Value best = list.at(0);
  for (std::size_t i = 1; i < list.size(); ++i) {
    const auto order = PLUMB_TRY(order_of(list.at(i), best, meter));
    if (largest ? order > 0 : order < 0) best = list.at(i);
  }
  return best;
}

Result<Value> sum(Args args, Meter& meter) {
  const ListView& list = args[0].list();
  if (list.size() == 0) return Value::of(std::int64_t{0});
  Value total = list.at(0);
  for (std::size_t i = 0; i < list.size(); ++i) {
    PLUMB_TRY(meter.charge(1));
    const Value item = list.at(i);
    if (item.kind() != total.kind() || !(item.is_number() || item.is(Kind::duration))) return no_overload();
    if (i == 0) continue;
    std::int64_t whole = 0;
    std::uint64_t unsigned_whole = 0;
    Span span;
    bool overflow = false;
    if (item.is(Kind::number)) total = Value::of(total.number() + item.number());
    else if (item.is(Kind::integer)) overflow = __builtin_add_overflow(total.integer(), item.integer(), &whole), total = Value::of(whole);
    else if (item.is(Kind::unsigned_integer)) overflow = __builtin_add_overflow(total.unsigned_integer(), item.unsigned_integer(), &unsigned_whole), total = Value::of(unsigned_whole);
    else overflow = __builtin_add_overflow(total.duration().nanoseconds, item.duration().nanoseconds, &span.nanoseconds), total = Value::of(span);
    if (overflow) return fail(Code::invalid_argument, "integer overflow");
  }
  return total;
}

template <bool last>
Result<Value> index_of(Args args, Meter& meter) {
  const ListView& list = args[0].list();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t at = last ? list.size() - 1 - i : i;
    if (PLUMB_TRY(equal(list.at(at), args[1], meter))) return Value::of(static_cast<std::int64_t>(at));
  }
  return Value::of(std::int64_t{-1});
}

Result<bool> contains_all(const Value& set, const Value& items, Meter& meter) {
  for (std::size_t i = 0; i < items.list().size(); ++i)
    if (!PLUMB_TRY(holds(set, items.list().at(i), meter))) return false;
  return true;
}

Result<Value> intersects(Args args, Meter& meter) {
  for (std::size_t i = 0; i < args[0].list().size(); ++i)
    if (PLUMB_TRY(holds(args[1], args[0].list().at(i), meter))) return Value::of(true);
  return Value::of(false);
}

}  // namespace

void add_lists(Overloads& all) {
  for (const bool member : {true, false}) {
    all.push_back({"size", member, {Kind::list}, Kind::integer, [](Args args, Meter&) { return size(args[0].list()); }});
    all.push_back({"size", member, {Kind::map}, Kind::integer, [](Args args, Meter&) { return size(args[0].map()); }});
  }
  all.push_back({"isSorted", true, {Kind::list}, Kind::boolean, is_sorted});
  all.push_back({"min", true, {Kind::list}, Kind::dyn, extreme<false>, Overload::Gives::what_the_first_holds});
  all.push_back({"max", true, {Kind::list}, Kind::dyn, extreme<true>, Overload::Gives::what_the_first_holds});
  all.push_back({"sum", true, {Kind::list}, Kind::dyn, sum, Overload::Gives::what_the_first_holds});
  all.push_back({"indexOf", true, {Kind::list, Kind::dyn}, Kind::integer, index_of<false>});
  all.push_back({"lastIndexOf", true, {Kind::list, Kind::dyn}, Kind::integer, index_of<true>});
  all.push_back({"sets.contains", false, {Kind::list, Kind::list}, Kind::boolean,
                 [](Args args, Meter& meter) -> Result<Value> { return Value::of(PLUMB_TRY(contains_all(args[0], args[1], meter))); }});
  all.push_back({"sets.equivalent", false, {Kind::list, Kind::list}, Kind::boolean, [](Args args, Meter& meter) -> Result<Value> {
                   return Value::of(PLUMB_TRY(contains_all(args[0], args[1], meter)) && PLUMB_TRY(contains_all(args[1], args[0], meter)));
                 }});
  all.push_back({"sets.intersects", false, {Kind::list, Kind::list}, Kind::boolean, intersects});
}

}  // namespace plumb::cel
