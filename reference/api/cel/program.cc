#include "reference/api/cel/program.h"

#include "reference/api/cel/checker.h"
#include "reference/api/cel/evaluation.h"
#include "reference/api/cel/utf8.h"

namespace plumb::cel {

struct Program::Compiled {
  std::string text;
  NodePtr root;
  Type type = Kind::dyn;
  Type result = Kind::dyn;
  std::size_t variables = 0, slots = 0;
};

Result<Program> Program::compile(std::string_view text, const Environment& environment) {
  if (text.size() > environment.longest_text)
    return fail(Code::invalid_argument, "the expression has " + std::to_string(text.size()) + " bytes; at most " + std::to_string(environment.longest_text) + " are allowed");
  if (!is_utf8(text)) return fail(Code::invalid_argument, "the expression is not UTF-8");
  auto made = std::make_shared<Compiled>();
  made->text = text;
  made->root = PLUMB_TRY(parse(made->text));
  const Checked checked = PLUMB_TRY(check(made->text, *made->root, environment));
  made->type = checked.type;
  made->result = environment.result;
  made->variables = environment.variables.size();
  made->slots = checked.slots;
  return Program(std::move(made));
}

const Type& Program::type() const { return compiled_->type; }
const std::string& Program::text() const { return compiled_->text; }

Result<Value> Program::evaluate(std::span<const Value> variables, std::uint64_t most_steps, std::uint64_t* steps) const {
  if (variables.size() != compiled_->variables)
    return fail(Code::invalid_argument, "the expression has " + std::to_string(compiled_->variables) + " variables, not " + std::to_string(variables.size()));
  Evaluation evaluation(variables, compiled_->slots, most_steps);
  auto value = evaluation.run(*compiled_->root);
  if (steps) *steps = evaluation.steps();
  if (value.ok() && !Type(value->kind()).may_be(compiled_->result))
    return fail(Code::invalid_argument, "the expression gives " + std::string(to_string(value->kind())) + ", not " + compiled_->result.describe());
  return value;
}

}  // namespace plumb::cel
