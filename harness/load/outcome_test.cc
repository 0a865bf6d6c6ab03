#include "harness/load/outcome.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace plumb::harness {
namespace {

ScenarioOutcome sample() {
  ScenarioOutcome o;
  o.name = "api-latency";
  o.question = "How <long>?";
  o.size = "smoke";
  o.parameters = {{"rate", "20"}};
  o.seconds = 12.5;
  o.invalid = {"the client could not keep up"};
  o.unsupported = "a controller";
  o.phases = {{"mix", 0.5, 10}};
  LoadResult load;
  load.requested = load.sent = 3;
  load.succeeded = 2;
  load.failed = {{"HTTP 429", 1}};
  load.latency_intended.record(2'000'000, 2);
  load.windows.resize(2);
  load.windows[0].intended.record(2'000'000, 6);
  load.window_length = std::chrono::seconds(1);
  o.operations = {outcome_of("mix", "get configmaps", true, load)};
  o.metrics = metrics_of("mix", "get configmaps", load);
  o.distributions = {{"created to ready", load.latency_intended, 4}};
  o.series = {{"bindings", "1/s", {{0, 1}, {1, 20.5}}}};
  o.thresholds = {{"mix/get configmaps/p99", Better::lower, 1, 0.002, true}, {"absent", Better::higher, 3, std::nullopt, false}};
  o.objects = {{"configmaps", 10, 1, 8, 2}};
  o.cluster_metrics = {{"apiserver_request_total", 12}};
  return o;
}

TEST(Outcome, SurvivesItsJson) {
  const auto before = sample();
  const auto read = outcome_from_json(nlohmann::json::parse(to_json(before).dump()));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(*read, before);
  EXPECT_FALSE(read->valid());
  EXPECT_FALSE(read->thresholds_held());
}

TEST(Outcome, MetricsCarryOneSamplePerWindowWithEnoughOperations) {
  const auto outcome = sample();
  const Metric* p99 = outcome.metric("mix/get configmaps/p99");
  ASSERT_NE(p99, nullptr);
  ASSERT_EQ(p99->samples.size(), 1u);
  EXPECT_NEAR(p99->value, 0.002, 2e-6);
  EXPECT_NEAR(outcome.metric("mix/get configmaps/error share")->value, 1.0 / 3, 1e-9);
  EXPECT_EQ(outcome.metric("no such"), nullptr);
}

TEST(Outcome, ObjectsAreDividedInOrderOfTime) {
  std::vector<double> rising;
  for (int i = 0; i < 100; ++i) rising.push_back(i);
  const auto metrics = metrics_of("ready", rising);
  EXPECT_EQ(metrics[0].name, "ready/p50");
  ASSERT_EQ(metrics[0].samples.size(), 10u);
  EXPECT_DOUBLE_EQ(metrics[0].samples[0], 4.5);
  EXPECT_TRUE(metrics_of("few", {1, 2}).front().samples.empty());
}

TEST(Outcome, RefusesWhatIsNone) {
  EXPECT_FALSE(outcome_from_json(nlohmann::json::array()).ok());
  EXPECT_FALSE(outcome_from_json({{"name", 3}}).ok());
  EXPECT_FALSE(outcome_from_json({{"name", "x"}, {"operations", {{{"phase", "a"}, {"name", "b"}, {"sendLag", "%"}}}}}).ok());
}

}  // namespace
}  // namespace plumb::harness
