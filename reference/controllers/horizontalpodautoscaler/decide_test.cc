#include "reference/controllers/horizontalpodautoscaler/decide.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"

namespace plumb::controllers::hpa {
namespace {

constexpr const char* external = R"({"type":"External","external":{"metric":{"name":"queue"},"target":{"type":"Value","value":"10"}}})";
constexpr const char* pods_metric = R"({"type":"Pods","pods":{"metric":{"name":"qps"},"target":{"type":"AverageValue","averageValue":"10"}}})";

Autoscaler autoscaler(const std::string& metrics, int min, int max, const std::string& more = "") {
  auto read = api::decode_json_as<Autoscaler>(R"({"metadata":{"name":"a","namespace":"default","generation":4},"spec":{"minReplicas":)" + std::to_string(min) + ",\"maxReplicas\":" +
                                              std::to_string(max) + ",\"metrics\":[" + metrics + "]}" + more + "}");
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().message);
  return std::move(*read);
}

Reading value(std::int64_t milli) {
  Reading reading;
  reading.values = std::vector<std::int64_t>{milli};
  return reading;
}
Reading broken() {
  Reading reading;
  reading.values = fail(Code::unavailable, "out of order");
  reading.samples = fail(Code::unavailable, "out of order");
  return reading;
}

struct Scene {
  Observed observed;
  Settings settings;
  ScaleHistory history;
  Now now{Instant(std::chrono::hours(1)), WallTime(std::chrono::hours(480'000))};

  Scene(int asked, std::vector<Reading> readings) {
    observed.target = {asked, asked, "app=web"};
    observed.rivals = {"default/a"};
    observed.readings = std::move(readings);
    for (int i = 0; i < asked; ++i) {
      auto pod = std::make_shared<corev1::Pod>();
      pod->metadata.name = "p" + std::to_string(i);
      pod->status.phase = corev1::PodRunning;
      auto& ready = pod->status.conditions.emplace_back();
      ready.type = corev1::PodReady;
      ready.status = corev1::ConditionTrue;
      observed.pods.push_back(std::move(pod));
    }
  }
  Decision decide(const Autoscaler& of) { return hpa::decide(of, observed, settings, history, now); }
  Decision done(const Autoscaler& of, const Status& written = {}) {
    Decision decision = decide(of);
    settle(decision, of, observed.target, written, history, now);
    return decision;
  }
};

std::string scaled(const Decision& decision) { return decision.scale_to ? std::to_string(*decision.scale_to) + ": " + decision.reason : "stays"; }
std::string condition(const Decision& decision, std::string_view type) {
  for (const auto& each : decision.status.conditions)
    if (each.type == type) return each.status.str() + " " + each.reason.str() + ": " + each.message.str();
  return "none";
}
std::vector<std::string> notes(const Decision& decision) {
  std::vector<std::string> texts;
  for (const Note& note : decision.notes) texts.push_back(std::string(note.type) + " " + note.reason + ": " + note.message);
  return texts;
}
using Texts = std::vector<std::string>;

TEST(Decide, TheHighestOfSeveralMetrics) {
  Scene scene(4, {value(20'000), value(30'000)});
  const Autoscaler two = autoscaler(std::string(external) + "," + external, 1, 20);
  const Decision decision = scene.done(two);
  EXPECT_EQ(scaled(decision), "8: external metric queue(nil) above target") << "12 wanted, twice as many at once";
  EXPECT_EQ(decision.status.currentMetrics.size(), 2u);
  EXPECT_EQ(decision.status.currentReplicas, 4);
  EXPECT_EQ(decision.status.desiredReplicas, 8);
  EXPECT_EQ(decision.status.observedGeneration, 4);
  EXPECT_EQ(condition(decision, "ScalingLimited"), "True ScaleUpLimit: the desired replica count is increasing faster than the maximum scale rate");
  EXPECT_EQ(condition(decision, "AbleToScale"), "True SucceededRescale: the HPA controller was able to update the target scale to 8");
  EXPECT_EQ(condition(decision, "ScalingActive"), "True ValidMetricFound: the HPA was able to successfully calculate a replica count from external metric queue(nil)");
  EXPECT_EQ(notes(decision), Texts{"Normal SuccessfulRescale: New size: 8; reason: external metric queue(nil) above target"});
  EXPECT_TRUE(decision.status.lastScaleTime);
}

TEST(Decide, AFailingMetricForbidsFewerButNotMore) {
  const Autoscaler two = autoscaler(std::string(external) + "," + pods_metric, 1, 20);
  const Decision more = Scene(4, {value(15'000), broken()}).decide(two);
  EXPECT_EQ(scaled(more), "6: external metric queue(nil) above target");
  EXPECT_EQ(notes(more), Texts{"Warning FailedGetPodsMetric: unable to get metric qps: out of order"});
  ASSERT_TRUE(more.failure);
  EXPECT_EQ(more.failure->message, "invalid metrics (1 invalid out of 2), first error is: failed to get pods metric value: unable to get metric qps: out of order");

  const Decision fewer = Scene(4, {value(1'000), broken()}).decide(two);
  EXPECT_EQ(scaled(fewer), "stays");
  EXPECT_EQ(condition(fewer, "ScalingActive"), "False FailedGetPodsMetric: the HPA was unable to compute the replica count: unable to get metric qps: out of order");
  EXPECT_EQ(notes(fewer).back(), "Warning FailedComputeMetricsReplicas: " + fewer.failure->message);
  EXPECT_EQ(fewer.status.currentMetrics.size(), 2u);

  const Decision all = Scene(4, {broken(), broken()}).decide(two);
  EXPECT_EQ(scaled(all), "stays");
  EXPECT_EQ(condition(all, "ScalingActive"),
            "False FailedGetExternalMetric: the HPA was unable to compute the replica count: unable to get external metric default/queue/nil: out of order");
  EXPECT_EQ(all.failure->message, "invalid metrics (2 invalid out of 2), first error is: failed to get queue external metric value: failed to get external metric queue: "
                                  "unable to get external metric default/queue/nil: out of order");
  EXPECT_EQ(all.status.desiredReplicas, 0) << "as it was";
}

TEST(Decide, BoundsNeedNoMetrics) {
  const Autoscaler some = autoscaler(external, 2, 5);
  EXPECT_EQ(scaled(Scene(9, {broken()}).decide(some)), "5: Current number of replicas above Spec.MaxReplicas");
  EXPECT_EQ(scaled(Scene(1, {broken()}).decide(some)), "2: Current number of replicas below Spec.MinReplicas");
  const Decision none = Scene(0, {broken()}).decide(some);
  EXPECT_EQ(scaled(none), "stays");
  EXPECT_EQ(condition(none, "ScalingActive"), "False ScalingDisabled: scaling is disabled since the replica count of the target is zero");
  EXPECT_TRUE(none.notes.empty());
  EXPECT_FALSE(needs_metrics(some, {9, 9, ""}));
  EXPECT_TRUE(needs_metrics(some, {3, 3, ""}));
}

TEST(Decide, ZeroIsKeptApart) {
  Scene busy(1, {value(0)});
  busy.history.recommendations.record(0, busy.now.steady - std::chrono::seconds(1));
  const Autoscaler idle = autoscaler(external, 0, 5);
  const Decision down = busy.done(idle);
  EXPECT_EQ(scaled(down), "0: All metrics below target");
  EXPECT_EQ(condition(down, "ScaledToZero"), "True ScaledToZero: the HPA controller scaled the workload to zero");

  const std::string own_zero = R"(,"status":{"conditions":[{"type":"ScaledToZero","status":"True"}]})";
  const Decision up = Scene(0, {value(25'000)}).done(autoscaler(external, 0, 5, own_zero));
  EXPECT_EQ(scaled(up), "3: external metric queue(nil) above target");
  EXPECT_EQ(condition(up, "ScaledToZero"), "False NotScaledToZero: the HPA controller did not scale the workload to zero");
  EXPECT_EQ(scaled(Scene(0, {value(0)}).decide(autoscaler(external, 0, 5, own_zero))), "stays");
  EXPECT_EQ(scaled(Scene(0, {value(25'000)}).decide(idle)), "stays") << "somebody else's zero";
  EXPECT_EQ(scaled(Scene(0, {value(0)}).decide(autoscaler(external, 2, 5, own_zero))), "2: ") << "the minimum was raised meanwhile";
}

TEST(Decide, SelectorsThatCannotBeUsed) {
  const Autoscaler some = autoscaler(external, 1, 5);
  Scene without(2, {value(50'000)});
  without.observed.target.selector.clear();
  const Decision missing = without.decide(some);
  EXPECT_EQ(scaled(missing), "stays");
  EXPECT_EQ(condition(missing, "ScalingActive"), "False InvalidSelector: the HPA target's scale is missing a selector");
  EXPECT_EQ(notes(missing), (Texts{"Warning SelectorRequired: selector is required", "Warning FailedComputeMetricsReplicas: selector is required"}));
  without.observed.target.selector = "a in (";
  EXPECT_EQ(condition(without.decide(some), "ScalingActive").substr(0, 22), "False InvalidSelector:");
  Scene shared(2, {value(50'000)});
  shared.observed.rivals = {"default/a", "default/b"};
  const Decision ambiguous = shared.decide(some);
  EXPECT_EQ(scaled(ambiguous), "stays");
  EXPECT_EQ(condition(ambiguous, "ScalingActive"), "False AmbiguousSelector: pods by selector app=web are controlled by multiple HPAs: [default/a default/b]");
}

TEST(Decide, WhatCannotBeWrittenIsTold) {
  const Decision refused = Scene(2, {value(20'000)}).done(autoscaler(external, 1, 9, R"(,"status":{"desiredReplicas":2})"), fail(Code::unavailable, "out of order"));
  EXPECT_EQ(condition(refused, "AbleToScale"), "False FailedUpdateScale: the HPA controller was unable to update the target scale: out of order");
  EXPECT_EQ(notes(refused), Texts{"Warning FailedRescale: New size: 4; reason: external metric queue(nil) above target; error: out of order"});
  EXPECT_EQ(refused.status.desiredReplicas, 2);
  EXPECT_FALSE(refused.status.lastScaleTime);
  const Decision lost = without_target(autoscaler(external, 1, 9), fail(Code::not_found, "deployments.apps \"web\" not found"), {});
  EXPECT_EQ(condition(lost, "AbleToScale"), "False FailedGetScale: the HPA controller was unable to get the target's current scale: deployments.apps \"web\" not found");
  EXPECT_EQ(notes(lost), Texts{"Warning FailedGetScale: deployments.apps \"web\" not found"});
}

TEST(Decide, ConditionsRememberWhenTheyTurned) {
  const std::string old = R"(,"status":{"conditions":[{"type":"ScalingActive","status":"True","lastTransitionTime":"2020-01-01T00:00:00Z"},
                             {"type":"AbleToScale","status":"False","lastTransitionTime":"2020-01-01T00:00:00Z"}]})";
  const Decision decision = Scene(1, {value(10'000)}).decide(autoscaler(external, 1, 9, old));
  ASSERT_EQ(decision.status.conditions.size(), 3u);
  EXPECT_EQ(decision.status.conditions[0].lastTransitionTime.seconds, 1577836800);
  EXPECT_EQ(decision.status.conditions[1].lastTransitionTime.seconds, 480'000 * 3600);
}

TEST(Decide, NothingAtAllDoesNotCrash) {
  Autoscaler empty;
  EXPECT_EQ(scaled(Scene(1, {}).decide(empty)), "0: Current number of replicas above Spec.MaxReplicas");
  empty.spec.maxReplicas = 3;
  EXPECT_EQ(scaled(Scene(1, {}).decide(empty)), "stays");
  empty.spec.metrics.emplace_back();
  const Decision unknown = Scene(1, {}).decide(empty);
  EXPECT_EQ(condition(unknown, "ScalingActive"), "False InvalidMetricSourceType: the HPA was unable to compute the replica count: unknown metric source type \"\"");
  empty.spec.behavior.ensure();
  empty.spec.metrics[0] = autoscaler(external, 1, 1).spec.metrics[0];
  EXPECT_EQ(scaled(Scene(1, {value(90'000)}).decide(empty)), "stays") << "a behaviour without policies allows nothing";
}

}  // namespace
}  // namespace plumb::controllers::hpa
