#include "reference/api/cel/evaluation.h"

#include <algorithm>

namespace plumb::cel {

namespace {

using Op = Node::Op;

Error no_such_key(const Value& key) {
  const bool is_long = key.is(Kind::string) && key.text().size() > 256;
  const bool is_plain = key.is(Kind::string) || key.is_number() || key.is(Kind::boolean);
  return fail(Code::invalid_argument, "no such key: " + (is_long ? key.text().substr(0, 256) : key.is(Kind::string) ? key.text() : is_plain ? key.describe() : std::string(to_string(key.kind()))));
}

// The place that a number names in a list.
Result<std::optional<std::size_t>> place(const Value& index, std::size_t size) {
  if (!index.is_number()) return fail(Code::invalid_argument, "unsupported index type '" + std::string(to_string(index.kind())) + "' in list");
  const Value below = Value::of(std::int64_t{0}), end = Value::of(static_cast<std::uint64_t>(size));
  const auto from = Value::compare(index, below), to = Value::compare(index, end);
  if (!(*from >= 0) || !(*to < 0)) return std::optional<std::size_t>();
  const std::size_t at = index.is(Kind::integer) ? static_cast<std::size_t>(index.integer())
                         : index.is(Kind::number) ? static_cast<std::size_t>(index.number())
                                                  : static_cast<std::size_t>(index.unsigned_integer());
  if (index.is(Kind::number) && static_cast<double>(at) != index.number())
    return fail(Code::invalid_argument, "unsupported index value " + index.describe() + " in list");
  return std::optional(at);
}

// What is at the key; nullopt when there is nothing.
Result<std::optional<Value>> look_up(const Value& holder, const Value& key) {
  if (holder.is(Kind::map)) return holder.map().find(key);
  if (!holder.is(Kind::list)) return no_overload();
  const auto at = PLUMB_TRY(place(key, holder.list().size()));
  if (!at) return std::optional<Value>();
  return std::optional(holder.list().at(*at));
}

Error nothing_there(const Value& holder, const Value& key) {
  return holder.is(Kind::list) ? fail(Code::invalid_argument, "index out of bounds: " + key.describe()) : no_such_key(key);
}

// What operands or items come to together: one that is decisive counts more than others that fail, but not more than a budget that is used up.
class Verdict {
 public:
  explicit Verdict(bool decisive) : decisive_(decisive) {}

  bool settled_by(const Result<bool>& one) {
    if (one.ok()) return decided_ = *one == decisive_;
    const bool used_up = one.error().code == Code::resource_exhausted;
    if (!failure_ || used_up) failure_ = one.error();
    return used_up;
  }
  Result<Value> value() const {
    if (!decided_ && failure_) return *failure_;
    return Value::of(decided_ ? decisive_ : !decisive_);
  }

 private:
  const bool decisive_;
  bool decided_ = false;
  std::optional<Error> failure_;
};

}  // namespace

Result<Value> Evaluation::run(const Node& node) {
  PLUMB_TRY(meter_.charge(1));
  switch (node.op) {
    case Op::literal: return node.value;
    case Op::variable: return slots_[node.slot];
    case Op::select: return select(node);
    case Op::has: return has(node);
    case Op::index: return index(node);
    case Op::list: return list(node);
    case Op::map: return map(node);
    case Op::call: return call(node);
    case Op::conditional: return conditional(node);
    case Op::logical_and: return logical(node, false);
    case Op::logical_or: return logical(node, true);
    case Op::all: return quantifier(node, false);
    case Op::exists: return quantifier(node, true);
    case Op::exists_one: return exists_one(node);
    case Op::filter: return filter(node);
    case Op::transform: return transform(node);
    case Op::bind: return bind(node);
    case Op::opt_map:
    case Op::opt_flat_map: return optional_macro(node);
  }
  return no_overload();
}

// On an optional value, and with ?, what comes of it is optional.
Result<Value> Evaluation::select(const Node& node) {
  const Value operand = PLUMB_TRY(run(*node.args.front()));
  const bool wrapped = operand.is(Kind::optional);
  if (wrapped && !operand.optional()) return operand;
  const Value& holder = wrapped ? *operand.optional() : operand;
  if (!holder.is(Kind::map)) return no_overload();
  const Value key = Value::of(node.name);
  auto found = holder.map().find(key);
  if (wrapped || node.optional) return Value::optional(std::move(found));
  if (!found) return no_such_key(key);
  return std::move(*found);
}

Result<Value> Evaluation::has(const Node& node) {
  const Value operand = PLUMB_TRY(run(*node.args.front()));
  if (operand.is(Kind::optional) && !operand.optional()) return Value::of(false);
  const Value& holder = operand.is(Kind::optional) ? *operand.optional() : operand;
  if (!holder.is(Kind::map)) return no_overload();
  return Value::of(holder.map().find(Value::of(node.name)).has_value());
}

Result<Value> Evaluation::index(const Node& node) {
  const Value operand = PLUMB_TRY(run(*node.args[0]));
  const Value key = PLUMB_TRY(run(*node.args[1]));
  const bool wrapped = operand.is(Kind::optional);
  if (wrapped && !operand.optional()) return operand;
  const Value& holder = wrapped ? *operand.optional() : operand;
  auto found = PLUMB_TRY(look_up(holder, key));
  if (wrapped || node.optional) return Value::optional(std::move(found));
  if (!found) return nothing_there(holder, key);
  return std::move(*found);
}

Result<Value> Evaluation::list(const Node& node) {
  std::vector<Value> items;
  for (std::size_t i = 0; i < node.args.size(); ++i) {
    Value item = PLUMB_TRY(run(*node.args[i]));
    if (!node.optional_entries[i]) items.push_back(std::move(item));
    else if (!item.is(Kind::optional)) return no_overload();
    else if (item.optional()) items.push_back(*item.optional());
  }
  return Value::list(std::move(items));
}

Result<Value> Evaluation::map(const Node& node) {
  std::vector<std::pair<Value, Value>> entries;
  for (std::size_t i = 0; i + 1 < node.args.size(); i += 2) {
    Value key = PLUMB_TRY(run(*node.args[i]));
    Value value = PLUMB_TRY(run(*node.args[i + 1]));
    if (!key.is(Kind::boolean) && !key.is(Kind::integer) && !key.is(Kind::unsigned_integer) && !key.is(Kind::string))
      return fail(Code::invalid_argument, "unsupported key type: " + std::string(to_string(key.kind())));
    if (node.optional_entries[i / 2]) {
      if (!value.is(Kind::optional)) return no_overload();
      if (!value.optional()) continue;
      // A copy first: the value holds what it is to become.
      Value held = *value.optional();
      value = std::move(held);
    }
    entries.emplace_back(std::move(key), std::move(value));
  }
  const std::size_t given = entries.size();
  Value made = Value::map(std::move(entries));
  if (made.map().size() != given) return fail(Code::invalid_argument, "repeated key");
  return made;
}

Result<Value> Evaluation::call(const Node& node) {
  std::vector<Value> args;
  args.reserve(node.args.size());
  for (const auto& arg : node.args) args.push_back(PLUMB_TRY(run(*arg)));
  const auto fits = [&](const Overload* one) {
    for (std::size_t i = 0; i < args.size(); ++i)
      if (one->takes[i] != Kind::dyn && one->takes[i] != args[i].kind()) return false;
    return true;
  };
  const auto found = std::find_if(node.overloads.begin(), node.overloads.end(), fits);
  if (found == node.overloads.end()) return no_overload();
  return (*found)->function(args, meter_);
}

Result<bool> Evaluation::test(const Node& node) {
  const Value value = PLUMB_TRY(run(node));
  if (!value.is(Kind::boolean)) return no_overload();
  return value.boolean();
}

Result<Value> Evaluation::conditional(const Node& node) {
  const bool yes = PLUMB_TRY(test(*node.args[0]));
  return run(*node.args[yes ? 1 : 2]);
}

Result<Value> Evaluation::logical(const Node& node, bool decisive) {
  Verdict verdict(decisive);
  for (const auto& arg : node.args)
    if (verdict.settled_by(test(*arg))) break;
  return verdict.value();
}

Result<Value> Evaluation::range(const Node& node) {
  const Value over = PLUMB_TRY(run(*node.args.front()));
  if (over.is(Kind::list)) return over;
  if (!over.is(Kind::map)) return no_overload();
  return Value::list(over.map().keys());
}

Result<Value> Evaluation::quantifier(const Node& node, bool decisive) {
  const Value over = PLUMB_TRY(range(node));
  Verdict verdict(decisive);
  for (std::size_t i = 0; i < over.list().size(); ++i) {
    slots_[node.slot] = over.list().at(i);
    if (verdict.settled_by(test(*node.args[1]))) break;
  }
  return verdict.value();
}

Result<Value> Evaluation::exists_one(const Node& node) {
  const Value over = PLUMB_TRY(range(node));
  std::size_t found = 0;
  for (std::size_t i = 0; i < over.list().size(); ++i) {
    slots_[node.slot] = over.list().at(i);
    if (PLUMB_TRY(test(*node.args[1]))) ++found;
  }
  return Value::of(found == 1);
}

Result<Value> Evaluation::filter(const Node& node) {
  const Value over = PLUMB_TRY(range(node));
  std::vector<Value> items;
  for (std::size_t i = 0; i < over.list().size(); ++i) {
    Value item = over.list().at(i);
    slots_[node.slot] = item;
    if (PLUMB_TRY(test(*node.args[1]))) items.push_back(std::move(item));
  }
  return Value::list(std::move(items));
}

Result<Value> Evaluation::transform(const Node& node) {
  const Value over = PLUMB_TRY(range(node));
  std::vector<Value> items;
  for (std::size_t i = 0; i < over.list().size(); ++i) {
    slots_[node.slot] = over.list().at(i);
    if (node.args.size() > 2 && !PLUMB_TRY(test(*node.args[2]))) continue;
    items.push_back(PLUMB_TRY(run(*node.args[1])));
  }
  return Value::list(std::move(items));
}

Result<Value> Evaluation::bind(const Node& node) {
  slots_[node.slot] = PLUMB_TRY(run(*node.args[0]));
  return run(*node.args[1]);
}

Result<Value> Evaluation::optional_macro(const Node& node) {
  const Value over = PLUMB_TRY(run(*node.args[0]));
  if (!over.is(Kind::optional)) return no_overload();
  if (!over.optional()) return over;
  slots_[node.slot] = *over.optional();
  Value made = PLUMB_TRY(run(*node.args[1]));
  return node.op == Op::opt_map ? Value::optional(std::move(made)) : made;
}

}  // namespace plumb::cel
