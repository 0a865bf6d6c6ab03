// Text of a scenario with marks that only a run fills in:
//   ${i}      an object's running number, of a patch the number of the operation
//   ${i%N}    the same modulo N
//   ${space}  the run's namespace, whose name no other run has
//   ${now}    the wall time of sending, as in 2026-01-31T12:00:00Z
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"

namespace plumb::perf {

// Whether `name` is what stands between the braces of a mark; of something like one ("i%x") an error text says what is wrong with it.
struct MarkCheck {
  bool is_mark = false;
  std::string error;
};
MarkCheck check_mark(std::string_view name);

class RunText {
 public:
  RunText() = default;
  // All marks must be right (check_mark); other text in ${} stays as it is.
  explicit RunText(const std::string& text);

  const std::string& text() const { return text_; }
  bool numbered() const { return !marks_.empty() && numbered_; }
  RunText in_space(const std::string& space) const;  // with ${space} filled in
  std::string with(std::uint64_t number, WallTime now = {}) const;

 private:
  struct Mark {
    std::string before;
    std::uint64_t modulus = 0;  // of ${i%N}; zero: ${i}
    bool time = false;          // ${now}
  };
  std::string text_;
  std::vector<Mark> marks_;
  std::string rest_;
  bool numbered_ = false;
};

}  // namespace plumb::perf
