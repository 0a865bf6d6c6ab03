#include "reference/api/cel/functions.h"

#include <algorithm>
#include <map>

namespace plumb::cel {

namespace {

using ByName = std::map<std::string, std::vector<const Overload*>, std::less<>>;

const Overloads& all_overloads() {
  static const Overloads all = [] {
    Overloads made;
    for (const auto add : {add_operators, add_conversions, add_texts, add_times, add_lists, add_optionals, add_quantities, add_semvers}) add(made);
    return made;
  }();
  return all;
}

const ByName& by_name() {
  static const ByName names = [] {
    ByName made;
    for (const Overload& one : all_overloads()) made[one.name].push_back(&one);
    return made;
  }();
  return names;
}

}  // namespace

std::span<const Overload* const> overloads_of(std::string_view name) {
  const auto found = by_name().find(name);
  if (found == by_name().end()) return {};
  return found->second;
}

Error no_overload() { return fail(Code::invalid_argument, "no such overload"); }

Result<bool> equal(const Value& a, const Value& b, Meter& meter) {
  PLUMB_TRY(meter.charge(1));
  if (a.kind() != b.kind()) return a == b;
  if (a.is(Kind::string)) PLUMB_TRY(meter.charge_text(std::min(a.text().size(), b.text().size())));
  if (a.is(Kind::bytes)) PLUMB_TRY(meter.charge_text(std::min(a.bytes().size(), b.bytes().size())));
  if (a.is(Kind::optional)) {
    if (!a.optional() || !b.optional()) return a.optional().has_value() == b.optional().has_value();
    return equal(*a.optional(), *b.optional(), meter);
  }
  if (a.is(Kind::list)) {
    if (a.list().size() != b.list().size()) return false;
    for (std::size_t i = 0; i < a.list().size(); ++i)
      if (!PLUMB_TRY(equal(a.list().at(i), b.list().at(i), meter))) return false;
    return true;
  }
  if (!a.is(Kind::map)) return a == b;
  if (a.map().size() != b.map().size()) return false;
  const std::vector<Value> keys = a.map().keys();
  for (const Value& key : keys) {
    const auto other = b.map().find(key);
    if (!other || !PLUMB_TRY(equal(*a.map().find(key), *other, meter))) return false;
  }
  return true;
}

Result<bool> holds(const Value& container, const Value& item, Meter& meter) {
  if (container.is(Kind::map)) return container.map().find(item).has_value();
  for (std::size_t i = 0; i < container.list().size(); ++i)
    if (PLUMB_TRY(equal(container.list().at(i), item, meter))) return true;
  return false;
}

}  // namespace plumb::cel
