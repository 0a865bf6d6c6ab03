// An expression of the Common Expression Language, compiled once and evaluated often.
//
//   const Environment environment{.variables = {{"device", device_type}}, .result = Kind::boolean};
//   const Program program = PLUMB_TRY(Program::compile("device.driver == 'gpu.example.com'", environment));
//   const Value yes = PLUMB_TRY(program.evaluate({device}));
//
// What there is: the language of https://github.com/google/cel-spec without messages of protocol buffers; the macros has, all, exists,
// exists_one, map, filter; optional values (a.?b, a[?b], optMap), cel.bind; Kubernetes' libraries for texts (without format), regular
// expressions, lists, sets, quantities and semantic versions. Not there: two-variable macros, URLs, IP addresses, format, authorizer.
// https://kubernetes.io/docs/reference/using-api/cel/
//
// An expression can do nothing but compute: no input, no output, no clock. It is bounded: length and nesting when it is compiled, steps when
// it is evaluated (functions.h says what is a step; upstream counts somewhat differently), and memory by these.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/cel/type.h"

namespace plumb::cel {

struct Variable {
  std::string name;
  Type type = Kind::dyn;
};

struct Environment {
  std::vector<Variable> variables;
  Type result = Kind::dyn;  // what the expression has to give
  std::size_t longest_text = 10 * 1024;  // bytes
};

// Cheap to copy. Safe from any thread.
class Program {
 public:
  // invalid_argument with the place of each kind of mistake, in upstream's form: syntax, names that nobody declared, members that a type does
  // not have, operators and functions on types that they do not take, another type than `result`.
  static Result<Program> compile(std::string_view text, const Environment& environment);

  // What the expression gives: of a declared type as far as values are of theirs.
  const Type& type() const;
  const std::string& text() const;

  // `variables` in the order of the environment. invalid_argument says why there is no value ("no such key: model"); resource_exhausted: the
  // steps are used up. `steps`, when it is not nullptr, becomes how many were needed.
  Result<Value> evaluate(std::span<const Value> variables, std::uint64_t most_steps = 1'000'000, std::uint64_t* steps = nullptr) const;
  Result<Value> evaluate(std::initializer_list<Value> variables) const { return evaluate(std::span(variables.begin(), variables.size())); }

 private:
  struct Compiled;
  explicit Program(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace plumb::cel
