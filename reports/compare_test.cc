#include "reports/compare.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/base/random.h"

namespace plumb::reports {
namespace {

using harness::Better;
using harness::Metric;

Metric metric(Random& random, double centre, double spread, std::size_t samples, Better better = Better::lower) {
  Metric m{"mix/get/p99", "s", better, 0, {}};
  for (std::size_t i = 0; i < samples; ++i) m.samples.push_back(centre * (1 + spread * (random.uniform() - 0.5)));
  m.value = harness::median(m.samples);
  if (m.samples.empty()) m.value = centre * (1 + spread * (random.uniform() - 0.5));
  return m;
}

results::Run run_of(const std::vector<Metric>& repetitions) {
  results::Run run;
  run.id = "r";
  run.kind = "perf";
  run.verdict = results::RunVerdict::success;
  for (const Metric& m : repetitions) {
    harness::ScenarioOutcome outcome;
    outcome.name = "api";
    outcome.size = "smoke";
    outcome.metrics = {m};
    run.scenarios.push_back(to_json(outcome));
  }
  return run;
}

TEST(Compare, FindsARealRegressionAndItsOpposite) {
  Random random(1);
  const auto slow = run_of({metric(random, 0.2, 0.3, 20)}), fast = run_of({metric(random, 0.1, 0.3, 20)});
  const auto worse = compare(fast, slow);
  ASSERT_TRUE(worse.ok()) << worse.error().message;
  EXPECT_TRUE(worse->regressed());
  EXPECT_GT(worse->metrics[0].interval.low, 0.5);
  EXPECT_NE(to_text(*worse, false, false).find("WORSE"), std::string::npos);
  const auto better = compare(slow, fast);
  EXPECT_FALSE(better->regressed());
  EXPECT_EQ(better->count(Change::better), 1u);
  EXPECT_EQ(to_text(*better, false, false), "");
}

TEST(Compare, ADropOfThroughputIsWorse) {
  Random random(2);
  auto before = metric(random, 100, 0.1, 20, Better::higher), after = metric(random, 50, 0.1, 20, Better::higher);
  before.unit = after.unit = "1/s";
  EXPECT_TRUE(compare(run_of({before}), run_of({after}))->regressed());
  EXPECT_FALSE(compare(run_of({after}), run_of({before}))->regressed());
}

TEST(Compare, StaysQuietOnNoise) {
  Random random(3);
  for (int round = 0; round < 100; ++round) {
    const auto result = compare(run_of({metric(random, 0.1, 0.8, 20)}), run_of({metric(random, 0.1, 0.8, 20)}));
    EXPECT_FALSE(result->regressed()) << round;
    EXPECT_EQ(to_text(*result, false, false), "");
  }
}

TEST(Compare, ASmallButCertainChangeIsNone) {
  Random random(4);
  EXPECT_FALSE(compare(run_of({metric(random, 0.100, 0.01, 20)}), run_of({metric(random, 0.105, 0.01, 20)}))->regressed());
  EXPECT_FALSE(compare(run_of({metric(random, 0.0002, 0.01, 20)}), run_of({metric(random, 0.0006, 0.01, 20)}))->regressed());  // below 1 ms
}

TEST(Compare, RepetitionsAreTheSamplesWhereThereAreEnough) {
  Random random(5);
  std::vector<Metric> before, after;
  for (int i = 0; i < 6; ++i) {
    before.push_back(metric(random, 0.1, 0.02, 0));
    after.push_back(metric(random, 0.115, 0.02, 0));
  }
  const auto result = compare(run_of(before), run_of(after));
  ASSERT_EQ(result->metrics.size(), 1u);
  EXPECT_TRUE(result->metrics[0].repetitions);
  EXPECT_TRUE(result->regressed());
  // Every run has its own level, and quiet windows around it: windows alone would be certain of a difference that is none.
  std::vector<Metric> a, b;
  for (const double level : {0.08, 0.1, 0.12, 0.14, 0.16, 0.18}) {
    a.push_back(metric(random, level, 0.001, 20));
    b.push_back(metric(random, level * 1.02, 0.001, 20));
  }
  EXPECT_FALSE(compare(run_of(a), run_of(b))->regressed());
}

TEST(Compare, SaysWhenDataAreTooFew) {
  Random random(6);
  const auto result = compare(run_of({metric(random, 0.1, 0.1, 3)}), run_of({metric(random, 0.9, 0.1, 3)}));
  EXPECT_FALSE(result->regressed());
  EXPECT_NE(to_text(*result, false, false).find("too few data to tell"), std::string::npos);
}

TEST(Compare, MoreFailedOperationsAreARegression) {
  const auto run_with = [](std::uint64_t sent, std::uint64_t lost) {
    harness::ScenarioOutcome outcome;
    outcome.name = "api";
    outcome.size = "smoke";
    outcome.operations = {{.phase = "mix", .name = "get", .sent = sent, .succeeded = sent - lost}};
    outcome.metrics = {{"mix/get/error share", "1", Better::lower, static_cast<double>(lost) / static_cast<double>(sent), {}}};
    auto run = run_of({});
    run.scenarios = {to_json(outcome)};
    return run;
  };
  EXPECT_TRUE(compare(run_with(1000, 0), run_with(1000, 30))->regressed());
  EXPECT_FALSE(compare(run_with(1000, 0), run_with(1000, 1))->regressed());
  EXPECT_FALSE(compare(run_with(1000, 30), run_with(1000, 0))->regressed());
}

TEST(Compare, TestsThatBroke) {
  results::Run before, after;
  before.kind = after.kind = "conformance";
  const auto test = [](const char* name, results::TestVerdict verdict) { return results::TestResult{.name = name, .verdict = verdict}; };
  using V = results::TestVerdict;
  before.tests = {test("a", V::passed), test("b", V::failed), test("c", V::passed), test("d", V::passed)};
  after.tests = {test("a", V::failed), test("b", V::passed), test("c", V::skipped), test("d", V::passed)};
  const auto result = compare(before, after);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->broken_tests, std::vector<std::string>{"a"});
  EXPECT_EQ(result->mended_tests, std::vector<std::string>{"b"});
  EXPECT_EQ(result->missing, std::vector<std::string>{"test c"});
  EXPECT_TRUE(result->regressed());
}

TEST(Compare, RefusesWhatCannotBeCompared) {
  Random random(7);
  auto good = run_of({metric(random, 1, 0.1, 20)});
  auto invalid = good;
  invalid.verdict = results::RunVerdict::invalid;
  EXPECT_FALSE(compare(good, invalid).ok());
  auto other = good;
  other.kind = "conformance";
  EXPECT_FALSE(compare(good, other).ok());
  EXPECT_FALSE(compare(good, run_of({})).ok());
}

}  // namespace
}  // namespace plumb::reports
