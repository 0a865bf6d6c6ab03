// One evaluation of a tree that has been checked.
#pragma once

#include <span>
#include <vector>

#include "reference/api/cel/expression.h"
#include "reference/api/cel/functions.h"

namespace plumb::cel {

class Evaluation {
 public:
  Evaluation(std::span<const Value> variables, std::size_t slots, std::uint64_t most_steps) : slots_(variables.begin(), variables.end()), meter_(most_steps) {
    slots_.resize(slots);
  }
  Result<Value> run(const Node& node);
  std::uint64_t steps() const { return meter_.cost(); }

 private:
  Result<Value> select(const Node& node);
  Result<Value> has(const Node& node);
  Result<Value> index(const Node& node);
  Result<Value> list(const Node& node);
  Result<Value> map(const Node& node);
  Result<Value> call(const Node& node);
  Result<Value> conditional(const Node& node);
  Result<Value> logical(const Node& node, bool decisive);
  Result<Value> quantifier(const Node& node, bool decisive);
  Result<Value> exists_one(const Node& node);
  Result<Value> filter(const Node& node);
  Result<Value> transform(const Node& node);
  Result<Value> bind(const Node& node);
  Result<Value> optional_macro(const Node& node);
  // What is gone through: a list's items, a map's keys.
  Result<Value> range(const Node& node);
  Result<bool> test(const Node& node);

  std::vector<Value> slots_;
  Meter meter_;
};

}  // namespace plumb::cel
