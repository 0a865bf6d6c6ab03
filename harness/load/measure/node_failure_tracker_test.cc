#include "harness/load/measure/node_failure_tracker.h"

#include <gtest/gtest.h>

#include "harness/load/measure/test_moments.h"

namespace plumb::harness {
namespace {

class Failing : public testing::Test {
 protected:
  void node(int when, const std::string& name, const char* ready, const std::string& spec = "{}") {
    element = parser.parse(R"({"metadata":{"name":")" + name + R"("},"spec":)" + spec + R"(,"status":{"conditions":[{"type":"Ready","status":")" + ready + "\"}]}}");
    tracker.node(at(when), "MODIFIED", element);
  }
  void pod(int when, const std::string& uid, const std::string& node, const char* ready, const char* type = "MODIFIED") {
    element = parser.parse(R"({"metadata":{"uid":")" + uid + R"("},"spec":{"nodeName":")" + node + R"("},"status":{"conditions":[{"type":"Ready","status":")" + ready + "\"}]}}");
    tracker.pod(at(when), type, element);
  }
  NodeFailureTracker tracker;
  simdjson::dom::parser parser;
  simdjson::dom::element element;
};

TEST_F(Failing, EachStepCountsFromTheBeginningOfThePhase) {
  for (const char* name : {"n1", "n2", "n3"}) node(0, name, "True");
  pod(1, "a", "n1", "True");
  pod(1, "b", "n1", "True");
  pod(1, "c", "n2", "True");
  tracker.begin_phase(at(100));
  node(110, "n3", "Unknown");
  EXPECT_EQ(tracker.failed(), "") << "no pod is on it";
  EXPECT_EQ(tracker.safe(), 0u);
  node(140, "n1", "Unknown");
  EXPECT_EQ(tracker.failed(), "n1");
  EXPECT_EQ(tracker.victims(), 2u);
  EXPECT_EQ(tracker.safe(), 1u);
  node(141, "n1", "Unknown", R"({"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoSchedule"},{"key":"mine","effect":"NoExecute"}]})");
  EXPECT_EQ(tracker.tainted(), std::nullopt);
  node(145, "n1", "Unknown", R"({"taints":[{"key":"node.kubernetes.io/unreachable","effect":"NoExecute"}]})");
  pod(150, "a", "n1", "False");
  pod(151, "a", "n1", "False", "DELETED");
  pod(152, "b", "n1", "False", "DELETED");
  pod(153, "d", "", "False");
  pod(154, "d", "n2", "True");
  pod(155, "c", "n2", "False");
  pod(156, "c", "n2", "True");
  EXPECT_EQ(tracker.noticed(), 40);
  EXPECT_EQ(tracker.tainted(), 45);
  EXPECT_EQ(tracker.evicted(), (std::vector<double>{51, 52}));
  EXPECT_EQ(tracker.replaced(), (std::vector<double>{54})) << "c was there before";
  EXPECT_EQ(tracker.safe(), 2u);
  tracker.begin_phase(at(200));
  EXPECT_EQ(tracker.failed(), "");
  EXPECT_TRUE(tracker.evicted().empty());
}

}  // namespace
}  // namespace plumb::harness
