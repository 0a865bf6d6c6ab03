#include "reference/api/cel/checker.h"

#include <algorithm>
#include <optional>

#include "reference/api/cel/functions.h"

namespace plumb::cel {

namespace {

using Op = Node::Op;

// Names of types are values of their own.
std::optional<Kind> type_named(std::string_view name) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(Kind::dyn); ++i)
    if (to_string(static_cast<Kind>(i)) == name) return static_cast<Kind>(i);
  return std::nullopt;
}

// "google.protobuf.Timestamp" of a.b.c; "" for anything else.
std::string qualified(const Node& node) {
  if (node.op == Op::variable) return node.name;
  if (node.op != Op::select || node.optional) return {};
  const std::string before = qualified(*node.args.front());
  return before.empty() ? "" : before + "." + node.name;
}

class Checker {
 public:
  Checker(std::string_view text, const Environment& environment) : text_(text) {
    for (const Variable& variable : environment.variables) scope_.push_back({variable.name, variable.type});
    slots_ = scope_.size();
  }

  Result<Type> check(Node& node) {
    switch (node.op) {
      case Op::literal: return Type(node.value.kind());
      case Op::variable: return variable(node);
      case Op::select: return select(node);
      case Op::has: return has(node);
      case Op::index: return index(node);
      case Op::list: return list(node);
      case Op::map: return map(node);
      case Op::call: return call(node);
      case Op::conditional: return conditional(node);
      case Op::logical_and: return logical(node, "_&&_");
      case Op::logical_or: return logical(node, "_||_");
      case Op::bind: return bind(node);
      case Op::opt_map:
      case Op::opt_flat_map: return optional_macro(node);
      default: return macro(node);
    }
  }
  std::size_t slots() const { return slots_; }
  Error bad(const Node& node, const std::string& what) const { return fail(Code::invalid_argument, describe_error(text_, node.position, what)); }

 private:
  std::optional<std::size_t> find(std::string_view name) const {
    for (std::size_t i = scope_.size(); i-- > 0;)
      if (scope_[i].name == name) return i;
    return std::nullopt;
  }

  Result<Type> variable(Node& node) {
    if (const auto slot = find(node.name)) {
      node.slot = *slot;
      return scope_[*slot].type;
    }
    if (const auto type = type_named(node.name)) return become(node, Value::of(*type));
    return bad(node, "undeclared reference to '" + node.name + "' (in container '')");
  }

  static Result<Type> become(Node& node, Value value) {
    node.op = Op::literal;
    node.value = std::move(value);
    node.args.clear();
    return Type(node.value.kind());
  }

  Result<Type> select(Node& node) {
    const std::string name = qualified(node);
    if (!name.empty() && !find(name.substr(0, name.find('.'))))
      if (const auto type = type_named(name)) return become(node, Value::of(*type));
    const Type operand = PLUMB_TRY(check(*node.args.front()));
    const bool wrapped = operand.is(Kind::optional);
    const Type found = PLUMB_TRY(member(node, wrapped ? operand.element() : operand));
    return wrapped || node.optional ? Type::optional(found) : found;
  }

  Result<Type> has(Node& node) {
    const Type operand = PLUMB_TRY(check(*node.args.front()));
    PLUMB_TRY(member(node, operand.is(Kind::optional) ? operand.element() : operand));
    return Type(Kind::boolean);
  }

  Result<Type> member(const Node& node, const Type& of) const {
    if (of.is_dyn() || of.is(Kind::map)) return of.element();
    if (const Type* field = of.field(node.name)) return *field;
    if (of.is(Kind::object)) return bad(node, "undefined field '" + node.name + "'");
    return bad(node, "type '" + of.describe() + "' does not support field selection");
  }

  Result<Type> index(Node& node) {
    const Type operand = PLUMB_TRY(check(*node.args[0]));
    const Type key = PLUMB_TRY(check(*node.args[1]));
    const bool wrapped = operand.is(Kind::optional);
    const Type of = wrapped ? operand.element() : operand;
    const bool fits = of.is_dyn() || of.is(Kind::map) || (of.is(Kind::list) && (key.is_dyn() || key.is(Kind::integer) || key.is(Kind::unsigned_integer) || key.is(Kind::number)));
    if (!fits) return no_match(node, "_[_]", {operand, key});
    return wrapped || node.optional ? Type::optional(of.element()) : of.element();
  }

  Result<Type> entry(Node& node, bool optional) {
    const Type type = PLUMB_TRY(check(node));
    if (!optional) return type;
    if (!type.is_dyn() && !type.is(Kind::optional)) return bad(node, "expected type 'optional_type' but found '" + type.describe() + "'");
    return type.element();
  }

  Result<Type> list(Node& node) {
    std::optional<Type> element;
    for (std::size_t i = 0; i < node.args.size(); ++i) {
      const Type type = PLUMB_TRY(entry(*node.args[i], node.optional_entries[i]));
      element = element ? Type::either(*element, type) : type;
    }
    return Type::list(element.value_or(Kind::dyn));
  }

  Result<Type> map(Node& node) {
    std::optional<Type> element;
    for (std::size_t i = 0; i + 1 < node.args.size(); i += 2) {
      const Type key = PLUMB_TRY(check(*node.args[i]));
      const bool fits = key.is_dyn() || key.is(Kind::boolean) || key.is(Kind::integer) || key.is(Kind::unsigned_integer) || key.is(Kind::string);
      if (!fits) return bad(*node.args[i], "unsupported key type: " + key.describe());
      const Type type = PLUMB_TRY(entry(*node.args[i + 1], node.optional_entries[i / 2]));
      element = element ? Type::either(*element, type) : type;
    }
    return Type::map(element.value_or(Kind::dyn));
  }

  // sets.contains(a, b) looks like a call on `sets`, and is none.
  void unqualify(Node& node) const {
    if (!node.member || node.args.front()->op != Op::variable || find(node.args.front()->name)) return;
    const std::string name = node.args.front()->name + "." + node.name;
    if (overloads_of(name).empty()) return;
    node.name = name;
    node.member = false;
    node.args.erase(node.args.begin());
  }

  Result<Type> call(Node& node) {
    unqualify(node);
    std::vector<Type> types;
    for (const auto& arg : node.args) types.push_back(PLUMB_TRY(check(*arg)));
    const auto all = overloads_of(node.name);
    if (all.empty()) return bad(node, "undeclared reference to '" + node.name + "' (in container '')");
    std::optional<Type> result;
    for (const Overload* one : all) {
      if (!takes(*one, node, types)) continue;
      node.overloads.push_back(one);
      const Type type = result_of(*one, types);
      result = result ? Type::either(*result, type) : type;
    }
    if (!result || !makes_sense(node, types)) return no_match(node, node.name, types);
    return *result;
  }

  static bool takes(const Overload& one, const Node& node, const std::vector<Type>& types) {
    if (one.member != node.member || one.takes.size() != types.size()) return false;
    for (std::size_t i = 0; i < types.size(); ++i)
      if (!Type(one.takes[i]).may_be(types[i])) return false;
    return true;
  }
  static Type result_of(const Overload& one, const std::vector<Type>& types) {
    switch (one.gives) {
      case Overload::Gives::the_first: return types.size() > 1 ? Type::either(types[0], types[1]) : types[0];
      case Overload::Gives::what_the_first_holds: return types[0].element();
      case Overload::Gives::what_is_said: break;
    }
    if (one.name == "optional.of" || one.name == "optional.ofNonZeroValue") return Type::optional(types[0]);
    return one.result;
  }
  // Things of different types are never equal; who asks has made a mistake.
  static bool makes_sense(const Node& node, const std::vector<Type>& types) {
    if (node.name == "_==_" || node.name == "_!=_") return types[0].is(Kind::null) || types[1].is(Kind::null) || types[0].may_be(types[1]);
    if (node.name == "_in_" && types[1].is(Kind::list)) return types[1].element().may_be(types[0]);
    return true;
  }

  Error no_match(const Node& node, const std::string& name, const std::vector<Type>& types) const {
    std::string list;
    for (const Type& type : types) list += (list.empty() ? "" : ", ") + type.describe();
    if (node.member) list = types.front().describe() + ".(" + (types.size() > 1 ? list.substr(types.front().describe().size() + 2) : "");
    return bad(node, "found no matching overload for '" + name + "' applied to '" + (node.member ? "" : "(") + list + ")'");
  }

  Result<Type> conditional(Node& node) {
    const Type condition = PLUMB_TRY(check(*node.args[0]));
    const Type then = PLUMB_TRY(check(*node.args[1]));
    const Type otherwise = PLUMB_TRY(check(*node.args[2]));
    if (!condition.may_be(Kind::boolean)) return no_match(node, "_?_:_", {condition, then, otherwise});
    return Type::either(then, otherwise);
  }

  Result<Type> logical(Node& node, const std::string& name) {
    std::vector<Type> types;
    for (const auto& arg : node.args) types.push_back(PLUMB_TRY(check(*arg)));
    for (const Type& type : types)
      if (!type.may_be(Kind::boolean)) return no_match(node, name, types);
    return Type(Kind::boolean);
  }

  // Checks with one more variable.
  Result<Type> within(Node& node, Node& what, Type type) {
    node.slot = scope_.size();
    scope_.push_back({node.name, std::move(type)});
    slots_ = std::max(slots_, scope_.size());
    auto checked = check(what);
    scope_.pop_back();
    return checked;
  }

  Result<Type> bind(Node& node) {
    const Type bound = PLUMB_TRY(check(*node.args[0]));
    return within(node, *node.args[1], bound);
  }

  Result<Type> optional_macro(Node& node) {
    const Type over = PLUMB_TRY(check(*node.args[0]));
    if (!over.is_dyn() && !over.is(Kind::optional)) return bad(node, "expected type 'optional_type' but found '" + over.describe() + "'");
    const Type result = PLUMB_TRY(within(node, *node.args[1], over.element()));
    return node.op == Op::opt_map ? Type::optional(result) : result;
  }

  Result<Type> macro(Node& node) {
    const Type over = PLUMB_TRY(check(*node.args[0]));
    if (!over.is_dyn() && !over.is(Kind::list) && !over.is(Kind::map) && !over.is(Kind::object))
      return bad(*node.args[0], "expression of type '" + over.describe() + "' cannot be range of a comprehension (must be list, map, or dynamic)");
    // Of a map the keys are gone through.
    const Type element = over.is(Kind::list) ? over.element() : Type(over.is(Kind::object) ? Kind::string : Kind::dyn);
    const Type body = PLUMB_TRY(within(node, *node.args[1], element));
    if (node.op == Op::transform) {
      if (node.args.size() > 2 && !PLUMB_TRY(within(node, *node.args[2], element)).may_be(Kind::boolean)) return bad(*node.args[2], "expected type 'bool'");
      return Type::list(body);
    }
    if (!body.may_be(Kind::boolean)) return bad(*node.args[1], "expected type 'bool' but found '" + body.describe() + "'");
    return node.op == Op::filter ? Type::list(element) : Type(Kind::boolean);
  }

  const std::string_view text_;
  std::vector<Variable> scope_;
  std::size_t slots_ = 0;
};

}  // namespace

Result<Checked> check(std::string_view text, Node& node, const Environment& environment) {
  Checker checker(text, environment);
  const Type type = PLUMB_TRY(checker.check(node));
  if (!type.may_be(environment.result))
    return checker.bad(node, "must evaluate to " + environment.result.describe() + ", not " + type.describe());
  return Checked{type, checker.slots()};
}

}  // namespace plumb::cel
