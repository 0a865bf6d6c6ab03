#include "harness/load/measure/autoscaling_tracker.h"

#include <gtest/gtest.h>

#include "harness/load/measure/test_moments.h"

namespace plumb::harness {
namespace {

class Tracked : public testing::Test {
 protected:
  void workload(double when, const std::string& name, int replicas, const char* type = "MODIFIED") {
    tracker.workload(at(when), type, parsed(R"({"metadata":{"name":")" + name + R"("},"spec":{"replicas":)" + std::to_string(replicas) + R"(,"selector":{"matchLabels":{"app":")" + name +
                                            R"("}},"template":{"spec":{"containers":[{"resources":{"requests":{"cpu":"60m"}}},{"resources":{"requests":{"cpu":"0.04"}}},{}]}}}})"));
  }
  void autoscaler(double when, const std::string& target, const std::string& metric = R"("target":{"averageUtilization":50})", const std::string& current = "") {
    tracker.autoscaler(at(when), "MODIFIED", parsed(R"({"spec":{"scaleTargetRef":{"name":")" + target + R"("},"minReplicas":1,"maxReplicas":10,"metrics":[{"type":"Resource","resource":{)" + metric +
                                                    R"(}}]},"status":{"currentMetrics":[)" + current + "]}}"));
  }
  void pod(double when, const std::string& name, const std::string& app, const char* type = "MODIFIED", const std::string& more = "") {
    tracker.pod(at(when), type, parsed(R"({"metadata":{"name":")" + name + R"(","labels":{"x":"y","app":")" + app + "\"}" + more + R"(},"status":{"conditions":[{"type":"Ready","status":"True"}]}})"));
  }
  void usage(double when, const std::string& items) { tracker.metrics(at(when), parsed("{\"items\":[" + items + "]}")); }
  static std::string item(const std::string& pod, const std::string& sample, const std::string& cpu) {
    return R"({"metadata":{"name":")" + pod + R"("},"timestamp":")" + sample + R"(","containers":[{"usage":{"cpu":")" + cpu + R"("}},{"usage":{"cpu":"1m"}}]})";
  }
  const simdjson::dom::element& parsed(const std::string& json) { return element_ = parser_.parse(json); }

  AutoscalingTracker tracker;

 private:
  simdjson::dom::parser parser_;
  simdjson::dom::element element_;
};

TEST(Cores, AreReadFromQuantities) {
  EXPECT_DOUBLE_EQ(cores_of("250m"), 0.25);
  EXPECT_DOUBLE_EQ(cores_of("1"), 1);
  EXPECT_DOUBLE_EQ(cores_of("0.5"), 0.5);
  EXPECT_DOUBLE_EQ(cores_of("123456789n"), 0.123456789);
  EXPECT_DOUBLE_EQ(cores_of("12u"), 12e-6);
  EXPECT_DOUBLE_EQ(cores_of("1k"), 1000);
  for (const char* bad : {"", "m", "1Ki", "x1"}) EXPECT_EQ(cores_of(bad), 0) << bad;
}

TEST_F(Tracked, EveryWorkloadHasItsOwnPodsAndAutoscaler) {
  tracker.load({0, 0.04, at(0), {}});
  autoscaler(1, "b");  // before its workload
  for (const char* name : {"a", "b"}) {
    workload(1, name, 1);
    pod(2, std::string(name) + "-1", name);
  }
  autoscaler(2, "a");
  pod(2, "other", "c");
  EXPECT_EQ(tracker.measured(), 0u);
  usage(3, item("a-1", "s1", "39m"));
  EXPECT_EQ(tracker.measured(), 1u);
  usage(4, item("a-1", "s1", "39m") + "," + item("b-1", "s1", "39m") + "," + item("other", "s1", "1"));
  EXPECT_EQ(tracker.measured(), 2u);
  usage(5, item("a-1", "s2", "39m") + "," + item("b-1", "s2", "39m"));
  usage(6, item("a-1", "s3", "39m"));
  EXPECT_EQ(tracker.settled(), 2u);

  tracker.load({0.04, 0.175, at(10), {}});
  EXPECT_EQ(tracker.settled(), 0u);
  usage(12, item("a-1", "s4", "100m") + "," + item("b-1", "s4", "40m"));
  autoscaler(13, "a", R"("target":{"averageUtilization":50})", R"({"resource":{"current":{"averageUtilization":101}}})");
  workload(14, "a", 4);
  workload(15, "b", 4);
  const auto account = tracker.account(at(20));
  ASSERT_EQ(account.reactions.size(), 2u);
  const Reaction &a = account.reactions[0], &b = account.reactions[1];
  EXPECT_EQ(a.metric, at(12));
  EXPECT_EQ(a.known, at(13));
  EXPECT_EQ(a.scaled, at(14));
  EXPECT_EQ(b.metric, at(15));
  EXPECT_EQ(b.scaled, at(15));
  EXPECT_EQ(account.rescales, 2u);
}

TEST_F(Tracked, AGoalMayBeAnAmount) {
  tracker.load({0, 0.5, at(0), {}});
  workload(1, "a", 1);
  autoscaler(1, "a", R"("target":{"averageValue":"200m"})");
  pod(1, "p", "a");
  tracker.load({0.5, 0.9, at(2), {}});
  autoscaler(3, "a", R"("target":{"averageValue":"200m"})", R"({"resource":{"current":{"averageValue":"900m"}}})");
  workload(4, "a", 5);
  const auto account = tracker.account(at(5));
  EXPECT_EQ(account.reactions.back().known, at(3));
}

TEST_F(Tracked, PodsThatEndAreThereUntilTheyAreGone) {
  tracker.load({0, 0.04, at(0), {}});
  workload(1, "a", 1);
  autoscaler(1, "a");
  pod(1, "p", "a");
  pod(1, "q", "a", "MODIFIED", R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")");
  for (const char* sample : {"s1", "s2"}) usage(2, item("p", sample, "40m"));
  EXPECT_EQ(tracker.settled(), 0u) << "two pods, and one is wanted";
  pod(3, "q", "a", "DELETED");
  for (const char* sample : {"s3", "s4"}) usage(4, item("p", sample, "40m"));
  EXPECT_EQ(tracker.settled(), 1u);
}

}  // namespace
}  // namespace plumb::harness
