#include "perf/load_spread.h"

#include <gtest/gtest.h>

namespace plumb::perf {
namespace {

using namespace std::chrono_literals;
constexpr std::size_t all = 1000;

Instant at(Duration time) { return Instant(time); }
std::string told(LoadSpread& spread, Duration now, Duration renewed = 0s, std::size_t most = all) {
  std::string text;
  for (const auto& share : spread.due(at(now), at(renewed), most)) text += share.pod + "=" + std::to_string(share.milli_cpu) + " ";
  return text;
}

TEST(LoadSpread, ReadyPodsShareToTheThousandth) {
  LoadSpread spread;
  for (const char* name : {"a", "b", "c"}) spread.pod(name, "web", "n", true);
  spread.pod("d", "web", "n", false);
  spread.pod("z", "other", "n", true);
  spread.change({0, 0.1, at(1s), {}});
  EXPECT_EQ(told(spread, 1s), "a=34 b=33 c=33 z=100 ");
  EXPECT_EQ(told(spread, 2s), "") << "all know";
  spread.pod("d", "web", "n", true);
  EXPECT_EQ(told(spread, 3s), "a=25 b=25 c=25 d=25 ");
  spread.gone("a");
  EXPECT_EQ(told(spread, 4s), "b=34 c=33 d=33 ");
  spread.pod("b", "web", "n", false);
  EXPECT_EQ(told(spread, 5s), "c=50 d=50 ");
  spread.pod("b", "web", "n", true);
  EXPECT_EQ(told(spread, 6s), "b=34 c=33 d=33 ");
}

TEST(LoadSpread, ARampIsTakenAsItIsNow) {
  LoadSpread spread;
  spread.pod("a", "web", "n", true);
  spread.change({0.1, 0.5, at(10s), 40s});
  EXPECT_EQ(told(spread, 10s), "a=100 ");
  EXPECT_EQ(told(spread, 20s), "a=200 ");
  EXPECT_TRUE(spread.changing(at(49s)));
  EXPECT_FALSE(spread.changing(at(50s)));
  EXPECT_EQ(told(spread, 60s), "a=500 ");
}

TEST(LoadSpread, WhatDoesNotLastIsRenewed) {
  LoadSpread spread;
  spread.pod("a", "web", "n", true);
  spread.pod("b", "web", "n", true);
  spread.change({0, 0.2, at(1s), {}});
  EXPECT_EQ(told(spread, 1s), "a=100 b=100 ");
  spread.lasts("b");
  EXPECT_EQ(told(spread, 30s, 10s), "a=100 ");
  spread.untold("b");
  EXPECT_EQ(told(spread, 31s, 10s), "b=100 ");
}

TEST(LoadSpread, NoMoreAtATimeThanAskedFor) {
  LoadSpread spread;
  for (const char* name : {"a", "b", "c"}) spread.pod(name, "web", "n", true);
  spread.change({0, 0.3, at(1s), {}});
  EXPECT_EQ(told(spread, 1s, 0s, 2), "a=100 b=100 ");
  EXPECT_EQ(told(spread, 1s, 0s, 2), "c=100 ");
}

}  // namespace
}  // namespace plumb::perf
