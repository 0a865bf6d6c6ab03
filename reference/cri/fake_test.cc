#include "reference/cri/fake.h"

#include <gtest/gtest.h>

#include "reference/cri/contract.h"

namespace plumb::cri {
namespace {

using namespace std::chrono_literals;

// The test image's commands, as far as the contract uses them.
FakeBehaviour behave(const ContainerConfig& config) {
  FakeBehaviour behaviour;
  behaviour.start_delay = 20ms;
  if (!config.args.empty() && config.args[0] == "exit") behaviour.runs_for = 50ms, behaviour.exit_code = std::stoi(config.args[1]);
  if (!config.args.empty() && config.args.back() == "--ignore-term") behaviour.stop_delay = 3600s;
  return behaviour;
}

RuntimeUnderTest fake() {
  const auto clock = std::make_shared<VirtualClock>();
  RuntimeUnderTest result;
  result.runtime = std::shared_ptr<Runtime>(new FakeRuntime(*clock, {.behaviour = behave}), [clock](Runtime* runtime) { delete runtime; });
  result.image = "test:v1";
  result.let_pass = [clock](Duration time) { clock->advance(time); };
  return result;
}

INSTANTIATE_TEST_SUITE_P(Fake, RuntimeContract, ::testing::Values(RuntimeFactory(fake)));

SandboxConfig pod(const std::string& name) {
  SandboxConfig config;
  config.metadata.name = name;
  return config;
}

TEST(FakeRuntime, FailsAsOftenAsAsked) {
  VirtualClock clock;
  FakeRuntime runtime(clock);
  runtime.fail_next("run_sandbox", 2, fail(Code::unavailable, "no"));
  EXPECT_EQ(runtime.run_sandbox(pod("a")).error().code, Code::unavailable);
  EXPECT_FALSE(runtime.run_sandbox(pod("a")).ok());
  EXPECT_TRUE(runtime.run_sandbox(pod("a")).ok());
}

TEST(FakeRuntime, AddressesAreUsedAgainAndRunOut) {
  VirtualClock clock;
  FakeRuntime runtime(clock, {.pod_ip_prefix = "10.9.8."});
  std::vector<std::string> ids;
  for (int n = 0; n < 253; n++) ids.push_back(*runtime.run_sandbox(pod("p")));
  EXPECT_EQ(runtime.run_sandbox(pod("p")).error().code, Code::resource_exhausted);
  const auto ip = runtime.sandbox_status(ids[7])->ips.at(0);
  ASSERT_TRUE(runtime.remove_sandbox(ids[7]).ok());
  EXPECT_EQ(runtime.sandbox_status(*runtime.run_sandbox(pod("p")))->ips.at(0), ip);
}

TEST(FakeRuntime, OutOfMemoryIsToldBeforeTheExit) {
  VirtualClock clock;
  FakeRuntime runtime(clock);
  const auto sandbox = *runtime.run_sandbox(pod("a"));
  const auto id = *runtime.create_container(sandbox, {}, {});
  ASSERT_TRUE(runtime.start_container(id).ok());
  std::vector<Event::Kind> kinds;
  const auto subscription = runtime.subscribe([&](const Event& event) { kinds.push_back(event.kind); });
  ASSERT_TRUE(runtime.end_container(id, 137, "OOMKilled").ok());
  EXPECT_EQ(kinds, (std::vector{Event::Kind::resync, Event::Kind::out_of_memory, Event::Kind::exited}));
}

TEST(FakeRuntime, TimersThatOutliveItDoNothing) {
  VirtualClock clock;
  {
    FakeRuntime runtime(clock, {.behaviour = behave});
    const auto sandbox = *runtime.run_sandbox(pod("a"));
    ASSERT_TRUE(runtime.start_container(*runtime.create_container(sandbox, {}, {})).ok());
  }
  clock.advance(1s);
}

}  // namespace
}  // namespace plumb::cri
