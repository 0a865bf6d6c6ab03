// Every built-in scenario in size smoke on a cluster of the reference with simulated nodes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/base/process.h"
#include "harness/client/kubeconfig.h"
#include "perf/runner.h"

namespace plumb::perf {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Scenarios : public testing::TestWithParam<std::string> {
 protected:
  static std::string plumbd() { return fs::read_symlink("/proc/self/exe").parent_path() / "plumbd"; }
  static void SetUpTestSuite() {
    if (!fs::exists(plumbd())) return;
    dir_ = fs::temp_directory_path() / ("plumb-perf-itest." + std::to_string(getpid()));
    const auto up = run_checked({plumbd(), "up", "--dir", dir_, "--name", "perftest", "--nodes", "0", "--hollow-nodes", "5", "--node-monitor-grace-period", "15s",
                                 "--horizontal-pod-autoscaler-event-driven", "true", "--metric-resolution", "10s"},
                                {.limit = 120s, .input = {}});
    EXPECT_TRUE(up.ok()) << up.error().message;
  }
  static void TearDownTestSuite() {
    if (dir_.empty()) return;
    const auto down = run_checked({plumbd(), "down", "--dir", dir_}, {.limit = 60s, .input = {}});
    EXPECT_TRUE(down.ok()) << down.error().message;
    fs::remove_all(dir_);
  }
  void SetUp() override {
    if (!fs::exists(plumbd())) GTEST_SKIP() << "needs plumbd beside the test";
  }

  // What this cluster can do better than the scenario asks for.
  static std::map<std::string, std::string> settings(const std::string& scenario) {
    if (scenario == "hpa-response") return {{"limit", "3"}};
    return {};
  }

  static std::string dir_;
};
std::string Scenarios::dir_;

TEST_P(Scenarios, AreValidAndLeaveNothing) {
  const auto scenario = load_built_in(GetParam(), "smoke", settings(GetParam()));
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const auto config = client::load_config({dir_ + "/kubeconfig", ""});
  ASSERT_TRUE(config.ok()) << config.error().message;
  const auto client = client::Client::connect(*config);
  ASSERT_TRUE(client.ok());
  const auto transport = harness::make_load_transport(*config);
  ASSERT_TRUE(transport.ok());
  const StopFlag stop{false};
  RunHooks hooks;
  hooks.said = [](const std::string&) {};
  const auto outcome = run_scenario(*scenario, {**client, **transport, real_clock(), stop, "itest", hooks});
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  for (const auto& why : outcome->invalid) ADD_FAILURE() << why;
  if (!outcome->unsupported.empty()) GTEST_SKIP() << "the reference lacks " << outcome->unsupported;
  for (const auto& threshold : outcome->thresholds) EXPECT_TRUE(threshold.held) << threshold.metric << " is " << threshold.value.value_or(-1);
  for (const auto& count : outcome->objects) {
    EXPECT_EQ(count.failed, 0u) << count.kind;
    EXPECT_EQ(count.left, 0u) << count.kind;
  }
  for (const auto& distribution : outcome->distributions) EXPECT_EQ(distribution.unfinished, 0u) << distribution.name;
  for (const auto& phase : outcome->phases) std::printf("  %s: %.2f s\n", phase.name.c_str(), phase.length);
  for (const auto& [kind, query] : {std::pair<const char*, client::Query>{"nodes", {}}, {"namespaces", {{"labelSelector", "plumb.io/run"}}}}) {
    const auto left = (*client)->list_all({"v1", kind, ""}, query);
    ASSERT_TRUE(left.ok()) << left.error().message;
    EXPECT_EQ(left->at("items").size(), std::string(kind) == "nodes" ? 5u : 0u) << kind;
  }
}

INSTANTIATE_TEST_SUITE_P(BuiltIn, Scenarios, testing::ValuesIn(built_in_names()), [](const auto& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace plumb::perf
