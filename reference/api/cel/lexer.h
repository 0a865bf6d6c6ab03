// The words of an expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/cel/value.h"

namespace plumb::cel {

struct Token {
  enum class Is : std::uint8_t { end, identifier, quoted_identifier, literal, symbol } is = Is::end;
  std::string_view text;     // as it is written
  std::size_t position = 0;  // in bytes
  Value value;               // of a literal
  std::string name;          // of an identifier
};

// invalid_argument with the place of what is wrong. true, false and null are literals; numbers have no sign, and one that fits only with
// a minus before it is a literal of Kind::null with its digits.
Result<std::vector<Token>> tokens_of(std::string_view text);

}  // namespace plumb::cel
