// The operators and functions of CEL: by name, which kinds they take, and what they do.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/cel/type.h"

namespace plumb::cel {

// What an evaluation has cost so far, in steps: one for each node and each item that is gone through, one for ten bytes of text.
class Meter {
 public:
  explicit Meter(std::uint64_t limit) : limit_(limit) {}
  Status charge(std::uint64_t steps) {
    cost_ += steps;
    if (cost_ <= limit_) return {};
    return fail(Code::resource_exhausted, "operation cancelled: actual cost limit exceeded");
  }
  Status charge_text(std::size_t bytes) { return charge(1 + bytes / 10); }
  std::uint64_t cost() const { return cost_; }

 private:
  std::uint64_t cost_ = 0;
  const std::uint64_t limit_;
};

using Args = std::span<const Value>;
using Function = Result<Value> (*)(Args, Meter&);

struct Overload {
  // The type of the result: said; or that of the first argument, what this holds, or a list of this.
  enum class Gives : std::uint8_t { what_is_said, the_first, what_the_first_holds };
  std::string name;  // "_+_", "size", "sets.contains"
  bool member;       // called on its first argument
  std::vector<Kind> takes;  // dyn: anything
  Type result;
  Function function;
  Gives gives = Gives::what_is_said;
};
using Overloads = std::vector<Overload>;

// All of that name, members and others.
std::span<const Overload* const> overloads_of(std::string_view name);

// One subject each.
void add_operators(Overloads& all);
void add_conversions(Overloads& all);
void add_texts(Overloads& all);
void add_times(Overloads& all);
void add_lists(Overloads& all);
void add_optionals(Overloads& all);
void add_quantities(Overloads& all);
void add_semvers(Overloads& all);

// ==, each item and each ten bytes charged for.
Result<bool> equal(const Value& a, const Value& b, Meter& meter);
// Whether the list has it, or the map has it as a key.
Result<bool> holds(const Value& container, const Value& item, Meter& meter);
Error no_overload();

}  // namespace plumb::cel
