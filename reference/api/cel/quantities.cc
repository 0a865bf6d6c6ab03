// Kubernetes' library of quantities. https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-quantity-library
#include "reference/api/cel/functions.h"

namespace plumb::cel {

namespace {

bool is_whole(const api::Quantity& quantity) { return api::Quantity::of(quantity.value()) == quantity; }

Result<api::Quantity> addend(const Value& value) {
  if (value.is(Kind::quantity)) return value.quantity();
  return api::Quantity::of(value.integer());
}

template <class Test>
Result<Value> compared(Args args, Test test) {
  return Value::of(test(args[0].quantity() <=> args[1].quantity()));
}

}  // namespace

void add_quantities(Overloads& all) {
  const auto member = [&](const char* name, std::vector<Kind> takes, Kind result, Function function) {
    takes.insert(takes.begin(), Kind::quantity);
    all.push_back({name, true, std::move(takes), result, function});
  };
  all.push_back({"quantity", false, {Kind::string}, Kind::quantity, [](Args args, Meter& meter) -> Result<Value> {
                   PLUMB_TRY(meter.charge_text(args[0].text().size()));
                   return Value::of(PLUMB_TRY(api::Quantity::parse(args[0].text())));
                 }});
  all.push_back({"isQuantity", false, {Kind::string}, Kind::boolean, [](Args args, Meter& meter) -> Result<Value> {
                   PLUMB_TRY(meter.charge_text(args[0].text().size()));
                   return Value::of(api::Quantity::parse(args[0].text()).ok());
                 }});
  member("sign", {}, Kind::integer, [](Args args, Meter&) -> Result<Value> { return Value::of(std::int64_t{args[0].quantity().sign()}); });
  member("isInteger", {}, Kind::boolean, [](Args args, Meter&) -> Result<Value> { return Value::of(is_whole(args[0].quantity())); });
  member("asInteger", {}, Kind::integer, [](Args args, Meter&) -> Result<Value> {
    if (!is_whole(args[0].quantity())) return fail(Code::invalid_argument, "cannot convert value to integer");
    return Value::of(args[0].quantity().value());
  });
  member("asApproximateFloat", {}, Kind::number, [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].quantity().approximate()); });
  for (const Kind other : {Kind::quantity, Kind::integer}) {
    member("add", {other}, Kind::quantity, [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].quantity() + PLUMB_TRY(addend(args[1]))); });
    member("sub", {other}, Kind::quantity, [](Args args, Meter&) -> Result<Value> { return Value::of(args[0].quantity() - PLUMB_TRY(addend(args[1]))); });
  }
  member("isLessThan", {Kind::quantity}, Kind::boolean, [](Args args, Meter&) { return compared(args, [](std::strong_ordering order) { return order < 0; }); });
  member("isGreaterThan", {Kind::quantity}, Kind::boolean, [](Args args, Meter&) { return compared(args, [](std::strong_ordering order) { return order > 0; }); });
  member("compareTo", {Kind::quantity}, Kind::integer, [](Args args, Meter&) {
    return compared(args, [](std::strong_ordering order) { return std::int64_t{order < 0 ? -1 : order > 0 ? 1 : 0}; });
  });
}

}  // namespace plumb::cel
