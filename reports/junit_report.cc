#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "harness/load/outcome.h"
#include "harness/results/writer.h"
#include "reports/summary.h"
#include "reports/text.h"

namespace plumb::reports {
namespace {

using results::Run;
using results::TestResult;
using results::TestVerdict;

std::string body_of(const TestResult& test) {
  switch (test.verdict) {
    case TestVerdict::passed: return "";
    case TestVerdict::failed: return fmt::format("<failure message=\"{}\">{}</failure>", escape(test.message.substr(0, test.message.find('\n'))), escape(test.message));
    case TestVerdict::skipped: return fmt::format("<skipped message=\"{}\"/>", escape(test.message));
    case TestVerdict::unsupported: return fmt::format("<skipped message=\"the cluster lacks: {}\"/>", escape(test.missing));
    case TestVerdict::unknown: return fmt::format("<error message=\"it never finished\">{}</error>", escape(test.message));
  }
  return "";
}

std::string suite(const std::string& name, const std::vector<TestResult>& tests) {
  const Tally t = tally(tests);
  Duration time{};
  std::string cases;
  for (const auto& test : tests) {
    time += test.duration;
    cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">{}</testcase>\n", escape(name), escape(test.name), in_seconds(test.duration), body_of(test));
  }
  return fmt::format("  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\">\n{}  </testsuite>\n", escape(name), t.total(), t.failed,
                     t.unknown, t.skipped + t.unsupported, in_seconds(time), cases);
}

// A scenario becomes a suite: that its numbers are valid is one case, each threshold another.
std::vector<TestResult> cases_of(const harness::ScenarioOutcome& o) {
  std::vector<TestResult> cases;
  TestResult valid{.name = "the run is valid", .verdict = o.valid() ? TestVerdict::passed : TestVerdict::failed};
  valid.duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(o.seconds));
  if (o.valid() && !o.unsupported.empty()) {
    valid.verdict = TestVerdict::unsupported;
    valid.missing = o.unsupported;
  }
  for (const auto& why : o.invalid) valid.message += (valid.message.empty() ? "" : "\n") + why;
  cases.push_back(valid);
  for (const auto& t : o.thresholds) {
    const harness::Metric* metric = o.metric(t.metric);
    const std::string unit = metric ? metric->unit : "";
    const char* word = t.better == harness::Better::lower ? "below" : "above";
    TestResult one{.name = fmt::format("{} {} {}", t.metric, word, format_value(t.limit, unit)), .verdict = t.held ? TestVerdict::passed : TestVerdict::failed};
    if (!t.held) one.message = t.value ? fmt::format("measured {}, must be {} {}", format_value(*t.value, unit), word, format_value(t.limit, unit)) : "nothing was measured";
    cases.push_back(one);
  }
  return cases;
}

class JunitWriter final : public results::Writer {
 public:
  std::string description() const override { return "JUnit XML, for CI systems"; }
  std::string file_name() const override { return "junit.xml"; }
  Result<std::string> write(const Run& run, const results::WriteOptions&) const override {
    std::map<std::string, std::vector<TestResult>> suites;
    for (const auto& test : run.tests) suites[test.suite].push_back(test);
    for (const auto& document : run.scenarios) {
      const auto outcome = PLUMB_TRY(harness::outcome_from_json(document));
      const std::string name = outcome.name + (outcome.repetition > 1 ? " #" + std::to_string(outcome.repetition) : "");
      for (auto& one : cases_of(outcome)) suites[name].push_back(std::move(one));
    }
    std::vector<TestResult> all;
    std::string body;
    for (const auto& [name, tests] : suites) {
      body += suite(name, tests);
      all.insert(all.end(), tests.begin(), tests.end());
    }
    const Tally t = tally(all);
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"plumb {}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n{}</testsuites>\n", escape(run.kind),
                       t.total(), t.failed, t.unknown, body);
  }
};

const results::RegisteredWriter registered_junit_report{"junit", [] { return std::make_unique<JunitWriter>(); }};

}  // namespace
}  // namespace plumb::reports
