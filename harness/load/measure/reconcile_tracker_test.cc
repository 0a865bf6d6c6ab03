#include "harness/load/measure/reconcile_tracker.h"

#include <gtest/gtest.h>

namespace plumb::harness {
namespace {

// Events of one collection of subjects and their dependents, a second apart.
class Watched : public testing::Test {
 protected:
  void use(const char* kind) { tracker.emplace(**reconcile_rule(kind)); }
  void object(const char* type, const std::string& json) { tracker->object(Instant(std::chrono::seconds(++second)), type, ObjectReader(parsed(json))); }
  void dependent(const char* type, const std::string& json) { tracker->dependent(Instant(std::chrono::seconds(++second)), type, ObjectReader(parsed(json))); }
  std::vector<double> seconds(ReconcileTracker::Stage stage) { return tracker->taken(stage).seconds; }

  std::optional<ReconcileTracker> tracker;
  int second = 0;

 private:
  const simdjson::dom::element& parsed(const std::string& json) { return element_ = parser_.parse(json); }
  simdjson::dom::parser parser_;
  simdjson::dom::element element_;
};

std::string replica_set(int generation, int observed, int replicas, int available) {
  return R"({"metadata":{"uid":"r","generation":)" + std::to_string(generation) + R"(},"spec":{"replicas":2},"status":{"observedGeneration":)" +
         std::to_string(observed) + R"(,"replicas":)" + std::to_string(replicas) + R"(,"availableReplicas":)" + std::to_string(available) + "}}";
}
std::string pod(const std::string& uid, const std::string& owner = "r", const std::string& more = "") {
  return R"({"metadata":{"uid":")" + uid + R"(","ownerReferences":[{"uid":"other"},{"uid":")" + owner + R"(","controller":true}])" + more + R"(},"status":{}})";
}

TEST_F(Watched, EachStageCountsFromTheChange) {
  use("ReplicaSet");
  object("ADDED", replica_set(1, 0, 0, 0));     // 1
  dependent("ADDED", pod("a"));                 // 2
  object("MODIFIED", replica_set(1, 1, 2, 1));  // 3
  object("MODIFIED", replica_set(1, 1, 2, 2));  // 4
  EXPECT_EQ(seconds(ReconcileTracker::acted), (std::vector<double>{1}));
  EXPECT_EQ(seconds(ReconcileTracker::observed), (std::vector<double>{2}));
  EXPECT_EQ(seconds(ReconcileTracker::converged), (std::vector<double>{3}));
  tracker->begin_phase();
  EXPECT_EQ(tracker->count(ReconcileTracker::converged), 0u);
  dependent("MODIFIED", pod("a"));              // 5: its own status
  object("MODIFIED", replica_set(2, 1, 2, 2));  // 6
  EXPECT_EQ(tracker->count(ReconcileTracker::applied), 1u);
  EXPECT_EQ(tracker->taken(ReconcileTracker::converged).unfinished, 1u);
  EXPECT_EQ(tracker->count(ReconcileTracker::acted), 0u);
  object("MODIFIED", replica_set(2, 2, 2, 2));  // 7
  EXPECT_EQ(seconds(ReconcileTracker::converged), (std::vector<double>{1}));
}

TEST_F(Watched, ADeletionIsOverWhenNothingDependsOnItAnyMore) {
  use("ReplicaSet");
  object("ADDED", replica_set(1, 1, 2, 2));  // 1
  dependent("ADDED", pod("a"));
  dependent("ADDED", pod("b"));
  tracker->begin_phase();
  object("DELETED", replica_set(1, 1, 2, 2));                                                // 4
  EXPECT_EQ(tracker->gone(), 1u);
  dependent("MODIFIED", pod("a", "r", R"(,"deletionTimestamp":"2026-01-01T00:00:00Z")"));    // 5
  dependent("DELETED", pod("a"));                                                            // 6
  EXPECT_EQ(tracker->count(ReconcileTracker::converged), 0u);
  dependent("DELETED", pod("b"));                                                            // 7
  EXPECT_EQ(seconds(ReconcileTracker::acted), (std::vector<double>{1}));
  EXPECT_EQ(seconds(ReconcileTracker::converged), (std::vector<double>{3}));
  EXPECT_TRUE(seconds(ReconcileTracker::observed).empty());
  EXPECT_EQ(tracker->taken(ReconcileTracker::observed).unfinished, 0u);
}

TEST_F(Watched, EventsMayOvertakeThoseOfTheirOwners) {
  use("Deployment");
  dependent("ADDED", pod("p", "rs"));    // 1
  dependent("ADDED", pod("rs", "d"));    // 2
  object("ADDED", R"({"metadata":{"uid":"d","generation":1},"spec":{"replicas":1}})");  // 3
  EXPECT_EQ(seconds(ReconcileTracker::acted), (std::vector<double>{0}));
  object("DELETED", R"({"metadata":{"uid":"d","generation":1},"spec":{"replicas":1}})");
  dependent("DELETED", pod("rs", "d"));
  EXPECT_EQ(tracker->count(ReconcileTracker::converged), 0u) << "its pod is there";
  dependent("DELETED", pod("p", "rs"));
  EXPECT_EQ(tracker->count(ReconcileTracker::converged), 1u);
}

TEST_F(Watched, AServiceWantsItsEndpoints) {
  use("Service");
  const auto service = [](const char* selector, int endpoints) {
    return R"({"metadata":{"uid":"s","annotations":{"plumb.io/endpoints":")" + std::to_string(endpoints) + R"( ready"}},"spec":{"selector":")" + selector + "\"}}";
  };
  const auto slice = [](const char* endpoints) {
    return std::string(R"({"metadata":{"uid":"e","ownerReferences":[{"uid":"s","controller":true}]},"addressType":"IPv4","endpoints":)") + endpoints + "}";
  };
  object("ADDED", service("x", 2));                                                     // 1
  dependent("ADDED", slice(R"([{"conditions":{"ready":true}}])"));                      // 2
  dependent("MODIFIED", slice(R"([{"conditions":{"ready":false}},{},{}])"));            // 3
  EXPECT_EQ(seconds(ReconcileTracker::converged), (std::vector<double>{2}));
  tracker->begin_phase();
  object("MODIFIED", service("y", 1));                                                  // 4
  EXPECT_EQ(tracker->count(ReconcileTracker::converged), 0u);
  dependent("MODIFIED", slice("[{}]"));                                                 // 5
  EXPECT_EQ(seconds(ReconcileTracker::converged), (std::vector<double>{1}));
}

TEST_F(Watched, ANamespaceWantsItsServiceAccount) {
  use("Namespace");
  const std::string account = R"({"metadata":{"uid":"a","namespace":"n"}})", space = R"({"metadata":{"uid":"u","name":"n"},"status":{"phase":"Active"}})";
  object("ADDED", space);
  EXPECT_EQ(tracker->count(ReconcileTracker::converged), 0u);
  dependent("ADDED", account);
  EXPECT_EQ(seconds(ReconcileTracker::converged), (std::vector<double>{1}));
  tracker->begin_phase();
  object("MODIFIED", R"({"metadata":{"uid":"u","name":"n","deletionTimestamp":"2026-01-01T00:00:00Z"},"status":{"phase":"Terminating"}})");
  dependent("DELETED", account);
  EXPECT_EQ(tracker->count(ReconcileTracker::converged), 0u);
  object("DELETED", space);
  EXPECT_EQ(seconds(ReconcileTracker::converged), (std::vector<double>{2}));
}

TEST(ReconcileRules, ANodeIsUsableWhenNothingKeepsPodsAway) {
  simdjson::dom::parser parser;
  const auto usable = [&](const std::string& taint, const std::string& ready) {
    const std::string json = R"({"spec":{"taints":[{"key":")" + taint + R"("}]},"status":{"conditions":[{"type":"Ready","status":")" + ready + "\"}]}}";
    const simdjson::dom::element object = parser.parse(json);
    return (*reconcile_rule("Node"))->converged(ObjectReader(object));
  };
  EXPECT_TRUE(usable("mine", "True"));
  EXPECT_FALSE(usable("mine", "Unknown"));
  EXPECT_FALSE(usable("node.kubernetes.io/not-ready", "True"));
}

TEST(ReconcileRules, WhatOlderReleasesDoNotSayIsNotWaitedFor) {
  simdjson::dom::parser parser;
  const auto converged = [&](const char* kind, const std::string& json) {
    const simdjson::dom::element object = parser.parse(json);
    return (*reconcile_rule(kind))->converged(ObjectReader(object));
  };
  const std::string set = R"({"spec":{"replicas":2},"status":{"replicas":2,"currentRevision":"r","updateRevision":"r",)";
  EXPECT_TRUE(converged("StatefulSet", set + R"("readyReplicas":2}})"));
  EXPECT_FALSE(converged("StatefulSet", set + R"("readyReplicas":1}})"));
  EXPECT_FALSE(converged("StatefulSet", set + R"("readyReplicas":2,"availableReplicas":1}})"));
  const std::string job = R"({"spec":{"parallelism":2},"status":{)";
  EXPECT_TRUE(converged("Job", job + R"("active":2}})"));
  EXPECT_FALSE(converged("Job", job + R"("active":1}})"));
  EXPECT_FALSE(converged("Job", job + R"("active":2,"ready":0}})"));
}

TEST(ReconcileRules, UnknownKindsAreNamed) {
  const auto rule = reconcile_rule("Sundial");
  ASSERT_FALSE(rule.ok());
  EXPECT_NE(rule.error().message.find("how a Sundial is reconciled is not known; there are Deployment,"), std::string::npos);
}

}  // namespace
}  // namespace plumb::harness
