#include "reference/scheduler/testing.h"

namespace plumb::scheduler::testing {
namespace {

TEST(SchedulingGates, HoldBackUntilTheLastIsGone) {
  const auto plugin = Registry<Plugin>::make("SchedulingGates");
  const auto& asked = dynamic_cast<PreEnqueuePlugin&>(*plugin);
  EXPECT_TRUE(asked.pre_enqueue(PodInfo(MakePod())).ok());
  EXPECT_EQ(asked.pre_enqueue(PodInfo(MakePod().gate("a").gate("b"))).reason, "waiting for scheduling gates: [a b]");
}

}  // namespace
}  // namespace plumb::scheduler::testing
