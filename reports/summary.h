// What several report formats say alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/load/outcome.h"
#include "harness/results/model.h"

namespace plumb::reports {

struct Tally {
  std::size_t passed = 0, failed = 0, skipped = 0, unsupported = 0, unknown = 0;
  std::size_t total() const { return passed + failed + skipped + unsupported + unknown; }
  std::size_t of(results::TestVerdict verdict) const;
};
Tally tally(const std::vector<results::TestResult>& tests);

// Failed first, passed last.
int urgency(results::TestVerdict verdict);
// One sentence: "27 of 30 tests passed, 2 failed" or "2 of 3 scenarios are valid and within their thresholds".
std::string headline(const results::Run& run);

// Operations that were asked for and not done, by what became of them; together they are lost().
struct Loss {
  std::string what;  // "HTTP 429", "never finished", "never sent"
  std::uint64_t count = 0;
};
std::vector<Loss> losses(const harness::OperationOutcome& operation);
std::uint64_t lost(const harness::OperationOutcome& operation);

}  // namespace plumb::reports
