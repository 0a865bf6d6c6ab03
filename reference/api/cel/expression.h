// The tree of an expression.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/cel/value.h"

namespace plumb::cel {

struct Overload;

struct Node {
  enum class Op : std::uint8_t {
    literal,
    variable,       // name; slot
    select,         // args[0].name
    has,            // has(args[0].name)
    index,          // args[0][args[1]]
    list,           // args
    map,            // args: key, value, key, value, …
    call,           // name(args), or args[0].name(…)
    conditional,    // args[0] ? args[1] : args[2]
    logical_and,    // all args
    logical_or,     // any of args
    // Macros: args[0] is what is gone through, the variable `name` is each of it.
    all,            // args[1] of each
    exists,         // args[1] of one at least
    exists_one,     // args[1] of exactly one
    filter,         // those with args[1]
    transform,      // args[1] of each; with args[2], of those with args[2]
    bind,           // args[1] with args[0] as `name`
    opt_map,        // args[0] is optional: an optional of args[1], or none
    opt_flat_map,   // args[0] is optional: args[1], or none
  };
  Op op = Op::literal;
  std::size_t position = 0;  // in the text, in bytes
  std::size_t height = 1;
  std::string name;
  Value value;  // of a literal
  std::vector<std::unique_ptr<Node>> args;
  bool member = false;    // a call on args[0]
  bool optional = false;  // a select or an index that may find nothing: a.?b, a[?b]
  std::vector<bool> optional_entries;  // of a list or a map: [?a], {?'k': v}

  // Worked out by the checker.
  std::size_t slot = 0;
  std::vector<const Overload*> overloads;  // that may be called
};
using NodePtr = std::unique_ptr<Node>;

// invalid_argument with the place of what is wrong.
Result<NodePtr> parse(std::string_view text);

// "ERROR: <input>:1:5: what", and the line with a mark below.
std::string describe_error(std::string_view text, std::size_t position, std::string_view what);

}  // namespace plumb::cel
