#include "harness/load/measure/autoscaling_workload.h"

#include <gtest/gtest.h>

#include "harness/load/measure/test_moments.h"

namespace plumb::harness {
namespace {

Duration length(double seconds) { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds)); }
double seconds(const std::optional<Instant>& moment) { return moment ? std::chrono::duration<double>(moment->time_since_epoch()).count() : -1; }

// A workload whose pods request 0.1 cores and are to use half of that.
class Scaled : public testing::Test {
 protected:
  Scaled() {
    scale(0, 1);
    status(0, 0.4);
    pod(0, 0);
  }
  void scale(double when, std::int64_t replicas) { workload.scale(at(when), replicas, 0.1); }
  void status(double when, double utilization) { workload.goal(at(when), {.least = 1, .most = 10, .utilization = 0.5}, utilization); }
  void pod(double when, int number, bool there = true) { workload.pod(at(when), "p" + std::to_string(number), there, there); }
  void usage(double when, const std::string& sample, const std::vector<double>& cores) {
    std::map<std::string, AutoscalingWorkload::Usage, std::less<>> usages;
    for (std::size_t i = 0; i < cores.size(); ++i) usages["p" + std::to_string(i)] = {cores[i], sample};
    workload.usage(at(when), usages);
  }
  void load(double when, double from, double to, double over = 0) { workload.load({from, to, at(when), length(over)}); }

  AutoscalingWorkload workload;
};

TEST_F(Scaled, NeedsPodsWithinItsBounds) {
  EXPECT_DOUBLE_EQ(workload.target(), 0.05);
  EXPECT_EQ(workload.needed(0), 1);
  EXPECT_EQ(workload.needed(0.05), 1);
  EXPECT_EQ(workload.needed(0.051), 2);
  EXPECT_EQ(workload.needed(9), 10);
}

TEST_F(Scaled, EachPartOfTheReactionToAStep) {
  load(0, 0, 0.04);
  usage(1, "a", {0.04});
  EXPECT_TRUE(workload.measured());
  load(10, 0.04, 0.175);
  usage(11, "a", {0.04});
  usage(14, "b", {0.054});  // within the tolerance
  usage(15, "c", {0.12});
  status(17, 0.42);
  status(18, 1.2);
  scale(18.5, 3);
  pod(19, 1);
  pod(20, 2);
  scale(22, 4);
  pod(23, 3);
  const auto account = workload.account(at(30));
  ASSERT_EQ(account.reactions.size(), 1u);
  const Reaction& reaction = account.reactions.front();
  EXPECT_TRUE(reaction.up);
  EXPECT_EQ(seconds(reaction.called), 10);
  EXPECT_EQ(seconds(reaction.metric), 15);
  EXPECT_EQ(seconds(reaction.known), 18);
  EXPECT_EQ(seconds(reaction.scaled), 18.5);
  EXPECT_EQ(seconds(reaction.pods), 20) << "of the first answer";
  EXPECT_EQ(seconds(reaction.settled), 23);
  EXPECT_EQ(reaction.beyond, 0);
  EXPECT_EQ(account.rescales, 2u);
  EXPECT_DOUBLE_EQ(account.missing, 9 * 3 + 1 * 2 + 3 * 1);
  EXPECT_DOUBLE_EQ(account.excess, 0);
}

TEST_F(Scaled, ACountThatIsSeenBeforeItsMetricHadOne) {
  load(10, 0.04, 0.175);
  scale(13, 4);
  const auto account = workload.account(at(14));
  ASSERT_EQ(account.reactions.size(), 1u);
  EXPECT_EQ(seconds(account.reactions[0].metric), 13);
  EXPECT_EQ(seconds(account.reactions[0].known), 13);
  EXPECT_EQ(seconds(account.reactions[0].pods), -1);
  EXPECT_EQ(seconds(account.reactions[0].settled), -1);
}

TEST_F(Scaled, WhatWasMeasuredBeforeTheChangeDoesNotShowIt) {
  scale(1, 4);
  for (int i = 1; i < 4; ++i) pod(2, i);
  load(3, 0, 0.2);
  usage(4, "a", {0.02, 0.02, 0.02, 0.02});  // young pods, half of it
  status(5, 0.2);
  load(10, 0.2, 0.04);
  usage(11, "a", {0.02, 0.02, 0.02, 0.02});
  status(12, 0.2);
  usage(13, "b", {0.01, 0.01, 0.01, 0.01});
  status(14, 0.1);
  const auto account = workload.account(at(20));
  EXPECT_EQ(seconds(account.reactions.back().metric), 13);
  EXPECT_EQ(seconds(account.reactions.back().known), 14);
}

TEST_F(Scaled, OvershootIsWhatNoLoadAskedFor) {
  load(10, 0.04, 0.175);
  scale(12, 7);
  for (int i = 1; i < 7; ++i) pod(13, i);
  scale(15, 4);
  for (int i = 4; i < 7; ++i) pod(16, i, false);
  const auto account = workload.account(at(20));
  EXPECT_EQ(account.reactions.at(0).beyond, 3);
  EXPECT_EQ(seconds(account.reactions[0].settled), 16);
  EXPECT_DOUBLE_EQ(account.excess, 3 * 3);
}

TEST_F(Scaled, ARampCallsForMoreOnItsWay) {
  load(0, 0, 0.04);
  load(10, 0.04, 0.24, 100);  // 0.055 is beyond the tolerance
  usage(20, "a", {0.06});
  scale(21, 2);
  const auto account = workload.account(at(30));
  EXPECT_DOUBLE_EQ(seconds(account.reactions.at(0).called), 10 + 7.5);
  EXPECT_EQ(seconds(account.reactions[0].reached), 110);
  EXPECT_NEAR(account.missing, 0, 30) << "of what was needed until now, not of the end";
}

TEST_F(Scaled, FewerPodsAreAReactionToo) {
  load(0, 0, 0.175);
  scale(1, 4);
  for (int i = 1; i < 4; ++i) pod(2, i);
  (void)workload.account(at(5));
  load(10, 0.175, 0.04);
  usage(12, "b", {0.01, 0.01, 0.01, 0.01});
  status(13, 0.1);
  scale(43, 1);
  for (int i = 1; i < 4; ++i) pod(44, i, false);
  const auto account = workload.account(at(50));
  ASSERT_EQ(account.reactions.size(), 1u);
  EXPECT_FALSE(account.reactions[0].up);
  EXPECT_EQ(seconds(account.reactions[0].metric), 12);
  EXPECT_EQ(seconds(account.reactions[0].known), 13);
  EXPECT_EQ(seconds(account.reactions[0].scaled), 43);
  EXPECT_EQ(seconds(account.reactions[0].pods), 44);
  EXPECT_DOUBLE_EQ(account.excess, 33 * 3);
}

TEST_F(Scaled, ALoadThatHasGoneAgainIsNotSettledFor) {
  load(10, 0.04, 0.175);
  load(12, 0.175, 0.04);
  const auto account = workload.account(at(20));
  ASSERT_EQ(account.reactions.size(), 1u) << "nothing was to be taken back";
  EXPECT_TRUE(account.reactions[0].cut);
  EXPECT_FALSE(account.reactions[0].metric);
}

TEST_F(Scaled, NothingIsAskedBeyondTheMaximum) {
  load(0, 0, 9);
  scale(1, 10);
  (void)workload.account(at(2));
  load(10, 9, 20);
  EXPECT_TRUE(workload.account(at(20)).reactions.empty());
}

TEST_F(Scaled, RestIsTwoSamplesOfEveryPodAfterTheLastChange) {
  load(0, 0, 0.075);
  usage(1, "a", {0.075});
  scale(2, 2);
  EXPECT_FALSE(workload.settled());
  pod(3, 1);
  usage(4, "b", {0.04, 0.03});
  EXPECT_FALSE(workload.settled());
  usage(5, "b", {0.04, 0.03});
  EXPECT_FALSE(workload.settled()) << "the same sample again";
  usage(6, "c", {0.04});
  EXPECT_FALSE(workload.settled()) << "of one pod only";
  usage(7, "d", {0.04, 0.03});
  EXPECT_TRUE(workload.settled());
  workload.pod(at(8), "p1", true, false);
  EXPECT_FALSE(workload.settled());
  pod(9, 1);
  EXPECT_FALSE(workload.settled()) << "from the beginning";
}

}  // namespace
}  // namespace plumb::harness
