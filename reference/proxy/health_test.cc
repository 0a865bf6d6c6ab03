#include "reference/proxy/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plumb::proxy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

TEST(Health, IsLostWhenChangesWaitTooLong) {
  VirtualClock clock;
  Health health(clock, 60s);
  EXPECT_EQ(health.healthz().status, 200);
  clock.advance(1h);
  EXPECT_EQ(health.healthz().status, 200) << "nothing waits";
  health.queued();
  clock.advance(30s);
  health.queued();
  EXPECT_EQ(health.healthz().status, 200);
  clock.advance(30s);
  EXPECT_EQ(health.healthz().status, 503) << "since the first, not the last";
  EXPECT_EQ(health.livez().status, 503);
  health.updated();
  EXPECT_EQ(health.healthz().status, 200);
}

TEST(Health, OfANodeThatGoesIsNotThatOfTheProxy) {
  VirtualClock clock;
  Health health(clock, 60s);
  health.set_node_eligible(false);
  EXPECT_EQ(health.healthz().status, 503);
  EXPECT_THAT(health.healthz().body, HasSubstr("\"nodeEligible\":false"));
  EXPECT_EQ(health.livez().status, 200);
}

}  // namespace
}  // namespace plumb::proxy
