#include "harness/load/measure/availability_tracker.h"

#include <gtest/gtest.h>

#include "harness/load/measure/test_moments.h"

namespace plumb::harness {
namespace {

class Available : public testing::Test {
 protected:
  void deployment(double when, int replicas, const std::string& update) {
    parsed(R"({"metadata":{"uid":"d"},"spec":{"replicas":)" + std::to_string(replicas) + R"(,"strategy":{"rollingUpdate":)" + update +
           R"(},"selector":{"matchLabels":{"app":"x"}}}})");
    tracker.deployment(at(when), "MODIFIED", element);
  }
  void pod(double when, const std::string& uid, const char* ready, const std::string& more = "", const char* type = "MODIFIED") {
    parsed(R"({"metadata":{"uid":")" + uid + R"(","labels":{"a":"b","app":"x"})" + more + R"(},"status":{"conditions":[{"type":"Ready","status":")" + ready + "\"}]}}");
    tracker.pod(at(when), type, element);
  }
  void parsed(const std::string& json) { element = parser.parse(json); }

  AvailabilityTracker tracker;
  simdjson::dom::parser parser;
  simdjson::dom::element element;
};

TEST_F(Available, WhatIsMissingCountsFromWhenThePromiseWasKeptOnce) {
  deployment(0, 4, R"({"maxUnavailable":1,"maxSurge":1})");  // promises 3
  for (int i = 0; i < 4; ++i) pod(10, "p" + std::to_string(i), "True");
  EXPECT_EQ(tracker.account(at(10)).missing, 0) << "it was not whole before";
  pod(20, "p0", "False");
  EXPECT_EQ(tracker.account(at(22)).missing, 0) << "one may be missing";
  pod(22, "p1", "True", R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")");
  pod(23, "p2", "True", "", "DELETED");
  pod(25, "p4", "True");
  pod(25, "p5", "True");
  const auto account = tracker.account(at(30));
  EXPECT_DOUBLE_EQ(account.missing, 1 * 1 + 2 * 2);
  EXPECT_DOUBLE_EQ(account.below, 3);
  EXPECT_DOUBLE_EQ(account.least, 1.0 / 3);
  EXPECT_EQ(tracker.account(at(40)).missing, 0);
}

TEST_F(Available, ThePromiseIsThatOfTheRollingUpdate) {
  const struct {
    int replicas;
    const char* update;
    std::int64_t promised;
  } cases[] = {{10, R"({"maxUnavailable":"25%","maxSurge":"25%"})", 8}, {10, "{}", 8},
               {4, R"({"maxUnavailable":0,"maxSurge":1})", 4},          {4, R"({"maxUnavailable":0,"maxSurge":0})", 3},
               {3, R"({"maxUnavailable":"10%","maxSurge":"0%"})", 2},   {2, R"({"maxUnavailable":5})", 0}};
  for (const auto& one : cases) {
    parsed(R"({"spec":{"replicas":)" + std::to_string(one.replicas) + R"(,"strategy":{"rollingUpdate":)" + one.update + "}}}");
    EXPECT_EQ(promised_available(element), one.promised) << one.replicas << " " << one.update;
  }
  parsed(R"({"spec":{"replicas":3,"strategy":{"type":"Recreate"}}})");
  EXPECT_EQ(promised_available(element), 0);
}

TEST_F(Available, PodsMayComeBeforeTheirDeployment) {
  pod(1, "p0", "True");
  deployment(2, 1, R"({"maxUnavailable":0,"maxSurge":1})");
  pod(3, "p0", "False");
  EXPECT_DOUBLE_EQ(tracker.account(at(5)).missing, 2);
}

}  // namespace
}  // namespace plumb::harness
