#include "harness/results/model.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace plumb::results {
namespace {

Run sample() {
  Run run{.id = "r1", .kind = "conformance", .tool_version = "0.1.0", .command = "plumb conformance run"};
  run.cluster = {.endpoint = "10.0.0.1:6443", .version = "v1.37.0", .platform = "linux/amd64", .nodes = {{.name = "n1"}}, .node_count = 1};
  run.started = *parse_time("2026-01-02T03:04:05.678Z");
  run.finished = *parse_time("2026-01-02T03:05:05Z");
  run.tests.push_back({.name = "apps/rollout", .suite = "apps", .requirement = "It MUST.", .covers = {"Deployment RollingUpdate"},
                       .needs = {"nodes>=1"}, .verdict = TestVerdict::passed, .started = run.started,
                       .duration = std::chrono::milliseconds(1500), .evidence = {"evidence/apps/rollout"}});
  run.scenarios.push_back({{"scenario", "api-latency"}});
  return run;
}

TEST(ResultModel, SurvivesTheWayThroughAFile) {
  const std::string path = testing::TempDir() + "/plumb_results.json";
  const results::Run run = sample();
  ASSERT_TRUE(save(run, path).ok());
  const auto read = load(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(run));
  EXPECT_EQ(read->tests[0].duration, std::chrono::milliseconds(1500));
  EXPECT_EQ(read->started, run.started);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(ResultModel, RefusesWhatItCannotUnderstand) {
  auto document = to_json(sample());
  document["schemaVersion"] = schema_version + 1;
  EXPECT_EQ(run_from_json(document).error().code, Code::unsupported);
  document["schemaVersion"] = schema_version;
  document["tests"][0]["verdict"] = "fine";
  EXPECT_FALSE(run_from_json(document).ok());
  document["tests"] = 7;
  EXPECT_FALSE(run_from_json(document).ok());
  EXPECT_FALSE(run_from_json(nlohmann::json::object()).ok());
  EXPECT_FALSE(run_from_json(nlohmann::json::array()).ok());
}

TEST(ResultModel, RefusesAFileThatIsNotJson) {
  const std::string path = testing::TempDir() + "/plumb_results_bad.json";
  std::ofstream(path) << "{\"schemaVersion\": 1,";
  EXPECT_NE(load(path).error().message.find("results.json"), std::string::npos);
  EXPECT_FALSE(load(path + ".absent").ok());
}

TEST(ResultModel, ConcludesFromItsTests) {
  results::Run run = sample();
  EXPECT_EQ(conclude(run), RunVerdict::success);
  run.finished.reset();
  EXPECT_EQ(conclude(run), RunVerdict::partial);
  run.finished = run.started;
  run.tests.push_back({.name = "a", .verdict = TestVerdict::unsupported});
  EXPECT_EQ(conclude(run), RunVerdict::partial);
  run.tests.back().required = false;
  EXPECT_EQ(conclude(run), RunVerdict::success);
  run.tests.push_back({.name = "b", .verdict = TestVerdict::failed});
  EXPECT_EQ(conclude(run), RunVerdict::failure);
  run.verdict = RunVerdict::invalid;
  EXPECT_EQ(conclude(run), RunVerdict::invalid);
}

TEST(ResultModel, ReadsAndWritesTimes) {
  EXPECT_EQ(format_time(WallTime(std::chrono::milliseconds(1'600'000'000'042))), "2020-09-13T12:26:40.042Z");
  EXPECT_EQ(parse_time("2020-09-13T12:26:40.042Z"), WallTime(std::chrono::milliseconds(1'600'000'000'042)));
  EXPECT_FALSE(parse_time("yesterday"));
  EXPECT_FALSE(parse_time("2020-09-13T12:26:40+02:00"));
}

}  // namespace
}  // namespace plumb::results
