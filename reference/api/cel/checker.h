// Whether an expression can mean anything: names, members, and what operators and functions take. Notes in the tree what evaluation needs.
#pragma once

#include <string_view>

#include "reference/api/cel/expression.h"
#include "reference/api/cel/program.h"

namespace plumb::cel {

struct Checked {
  Type type;
  std::size_t slots;  // variables at a time
};
Result<Checked> check(std::string_view text, Node& node, const Environment& environment);

}  // namespace plumb::cel
