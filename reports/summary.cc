#include "reports/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>


namespace plumb::reports {

using results::TestVerdict;

std::size_t Tally::of(TestVerdict verdict) const {
  switch (verdict) {
    case TestVerdict::passed: return passed;
    case TestVerdict::failed: return failed;
    case TestVerdict::skipped: return skipped;
    case TestVerdict::unsupported: return unsupported;
    case TestVerdict::unknown: return unknown;
  }
  return 0;
}

Tally tally(const std::vector<results::TestResult>& tests) {
  const auto count = [&](TestVerdict verdict) {
    return static_cast<std::size_t>(std::count_if(tests.begin(), tests.end(), [&](const auto& test) { return test.verdict == verdict; }));
  };
  return {count(TestVerdict::passed), count(TestVerdict::failed), count(TestVerdict::skipped), count(TestVerdict::unsupported), count(TestVerdict::unknown)};
}

int urgency(TestVerdict verdict) {
  switch (verdict) {
    case TestVerdict::failed: return 0;
    case TestVerdict::unknown: return 1;
    case TestVerdict::unsupported: return 2;
    case TestVerdict::skipped: return 3;
    case TestVerdict::passed: return 4;
  }
  return 5;
}

std::string headline(const results::Run& run) {
  std::string text;
  if (!run.tests.empty()) {
    const Tally all = tally(run.tests);
    text = fmt::format("{} of {} tests passed, {} failed.", all.passed, all.total(), all.failed);
  }
  if (!run.scenarios.empty()) {
    std::size_t good = 0;
    for (const auto& document : run.scenarios) {
      const auto outcome = harness::outcome_from_json(document);
      good += outcome.ok() && outcome->unsupported.empty() && outcome->valid() && outcome->thresholds_held();
    }
    text += fmt::format("{}{} of {} scenario runs {} valid and within {} thresholds.", text.empty() ? "" : " ", good, run.scenarios.size(), good == 1 ? "is" : "are",
                        good == 1 ? "its" : "their");
  }
  return text.empty() ? "Nothing has run." : text;
}

std::vector<Loss> losses(const harness::OperationOutcome& operation) {
  std::vector<Loss> all;
  for (const auto& [reason, count] : operation.failed) all.push_back({reason, count});
  if (operation.unfinished != 0) all.push_back({"never finished", operation.unfinished});
  if (operation.unsent != 0) all.push_back({"never sent", operation.unsent});
  return all;
}

std::uint64_t lost(const harness::OperationOutcome& operation) {
  return operation.sent - std::min(operation.sent, operation.succeeded) + operation.unsent;
}

}  // namespace plumb::reports
