#include "reference/informer/leader_election.h"

#include <gtest/gtest.h>

#include "harness/base/log.h"
#include "reference/api/types/coordinationv1.h"
#include "reference/informer/fake_client.h"

namespace plumb::informer {
namespace {

using namespace std::chrono_literals;

std::string holder(const Request& request) {
  return static_cast<const coordinationv1::Lease&>(*request.object).spec.holderIdentity->str();
}

struct Candidate {
  Candidate(FakeClient& client, Clock& clock, std::string identity)
      : elector(client, clock, {.name = "scheduler", .identity = std::move(identity)},
                {[this] { ++started; }, [this] { ++stopped; }, [this](const std::string& leader) { leaders.push_back(leader); }}) {}
  int started = 0, stopped = 0;
  std::vector<std::string> leaders;
  LeaderElector elector;
};

struct LeaderElectionTest : testing::Test {
  LeaderElectionTest() { log::set_level(log::Level::off); }
  VirtualClock clock;
  FakeClient client{clock};
  Candidate a{client, clock, "a"}, b{client, clock, "b"};

  // One step after the other, as timers come due.
  void advance(Duration by) {
    const Instant until = clock.now() + by;
    while (clock.now() < until && clock.advance_to_next(until - clock.now())) {
    }
    if (clock.now() < until) clock.advance(until - clock.now());
  }
};

TEST_F(LeaderElectionTest, TheFirstLeadsAndKeepsTheLease) {
  a.elector.start();
  b.elector.start();
  EXPECT_TRUE(a.elector.is_leader());
  advance(10min);
  EXPECT_TRUE(a.elector.is_leader());
  EXPECT_FALSE(b.elector.is_leader());
  EXPECT_EQ(a.started, 1);
  EXPECT_EQ(b.leaders, std::vector<std::string>{"a"});
  const auto lease = client.find<coordinationv1::Lease>("kube-system/scheduler");
  EXPECT_EQ(*lease->spec.holderIdentity, "a");
  EXPECT_EQ(lease->spec.leaseTransitions.value_or(-1), 0);
}

TEST_F(LeaderElectionTest, AnotherTakesOverAtOnceWhenTheLeaderStops) {
  a.elector.start();
  b.elector.start();
  advance(5s);
  a.elector.stop();
  EXPECT_EQ(a.stopped, 1);
  advance(5s);
  EXPECT_TRUE(b.elector.is_leader());
  EXPECT_EQ(client.find<coordinationv1::Lease>("kube-system/scheduler")->spec.leaseTransitions.value_or(-1), 1);
}

TEST_F(LeaderElectionTest, ALeaderThatStopsWhileItRenewsLetsGoAllTheSame) {
  a.elector.start();
  // As a renewal does that was on its way when the leader stopped.
  auto renewed = std::make_shared<coordinationv1::Lease>(*client.find<coordinationv1::Lease>("kube-system/scheduler"));
  renewed->spec.renewTime = api::MicroTime::from(clock.wall() + 1s);
  ASSERT_TRUE(client.update<coordinationv1::Lease>(renewed).ok());
  a.elector.stop();
  EXPECT_EQ(*client.find<coordinationv1::Lease>("kube-system/scheduler")->spec.holderIdentity, "");
}

TEST_F(LeaderElectionTest, ALeaderThatCannotRenewStepsDownBeforeAnotherTakesOver) {
  a.elector.start();
  b.elector.start();
  advance(5s);
  client.intercept([](const Request& request) -> std::optional<Error> {
    if (request.verb == Verb::update && holder(request) == "a") return fail(Code::unavailable, "cut off");
    return std::nullopt;
  });
  advance(9s);
  EXPECT_FALSE(b.elector.is_leader());
  advance(2s);
  EXPECT_FALSE(a.elector.is_leader());
  EXPECT_EQ(a.stopped, 1);
  EXPECT_FALSE(b.elector.is_leader());
  advance(15s);
  EXPECT_TRUE(b.elector.is_leader());
  EXPECT_EQ(b.started, 1);
}

}  // namespace
}  // namespace plumb::informer
