#include "reference/controllers/replicaset/replicas.h"

#include <gtest/gtest.h>

#include "reference/controllers/replicaset/replicaset.h"

namespace plumb::controllers::replicaset {
namespace {

const Now now{Instant{}, WallTime(std::chrono::seconds(1'000'000))};

struct PodOf {
  std::string name;
  std::string node = "n1";
  std::string phase = "Running";
  int ready_for_seconds = 100;  // below 0: not ready
  int restarts = 0;
  std::string cost = {};
  int age_seconds = 1000;

  operator PodPtr() const {
    auto pod = std::make_shared<corev1::Pod>();
    pod->metadata.name = name;
    pod->metadata.uid = name;
    pod->metadata.creationTimestamp = api::Time::from(now.wall - std::chrono::seconds(age_seconds));
    if (!cost.empty()) pod->metadata.annotations.set("controller.kubernetes.io/pod-deletion-cost", api::Str(cost));
    pod->spec.nodeName = node;
    pod->status.phase = phase;
    pod->status.containerStatuses.emplace_back().restartCount = restarts;
    corev1::PodCondition& ready = pod->status.conditions.emplace_back();
    ready.type = "Ready";
    ready.status = ready_for_seconds < 0 ? "False" : "True";
    ready.lastTransitionTime = api::Time::from(now.wall - std::chrono::seconds(std::abs(ready_for_seconds)));
    return pod;
  }
};

// Each pair: the first is deleted, the second stays.
TEST(ChooseVictims, PrefersTheLessUseful) {
  const std::pair<PodOf, PodOf> cases[] = {
      {{.name = "z", .node = ""}, {.name = "a"}},
      {{.name = "z", .phase = "Pending"}, {.name = "a", .phase = "Unknown"}},
      {{.name = "z", .phase = "Unknown"}, {.name = "a"}},
      {{.name = "z", .ready_for_seconds = -1}, {.name = "a"}},
      {{.name = "z", .cost = "-5"}, {.name = "a"}},
      {{.name = "z"}, {.name = "a", .cost = "10"}},
      {{.name = "z", .ready_for_seconds = 10}, {.name = "a", .ready_for_seconds = 1000}},
      {{.name = "z", .restarts = 3}, {.name = "a", .restarts = 2}},
      {{.name = "z", .age_seconds = 500}, {.name = "a", .age_seconds = 5000}},
      {{.name = "z", .phase = "Pending", .cost = "100"}, {.name = "a", .cost = "-100"}},
  };
  for (const auto& [victim, survivor] : cases) {
    Observed observed;
    observed.pods = {survivor, victim};
    const auto chosen = choose_victims(observed, 1, 0, now);
    ASSERT_EQ(chosen.size(), 1u);
    EXPECT_EQ(chosen[0]->metadata.name, "z") << &victim - &cases[0].first;
  }
}

TEST(ChooseVictims, KeepsWhatIsAvailable) {
  Observed observed;
  observed.pods = {PodOf{.name = "available", .ready_for_seconds = 11, .cost = "-5"}, PodOf{.name = "ready", .ready_for_seconds = 9}};
  EXPECT_EQ(choose_victims(observed, 1, 10, now)[0]->metadata.name, "ready");
  EXPECT_EQ(choose_victims(observed, 1, 0, now)[0]->metadata.name, "available");
}

TEST(ChooseVictims, ThinsOutCrowdedNodes) {
  Observed observed;
  observed.pods = {PodOf{.name = "alone", .node = "n1"}, PodOf{.name = "crowded", .node = "n2"}};
  observed.related = {observed.pods[0], observed.pods[1], PodOf{.name = "sibling", .node = "n2"}};
  EXPECT_EQ(choose_victims(observed, 1, 0, now)[0]->metadata.name, "crowded");
}

TEST(Counts, CountAvailablePodsByTheirTime) {
  auto owner = std::make_shared<corev1::ConfigMap>();
  corev1::PodTemplateSpec pod_template;
  const Desired desired{owner, 3, 50, &pod_template};
  Observed observed;
  observed.pods = {PodOf{.name = "a", .ready_for_seconds = 100}, PodOf{.name = "b", .ready_for_seconds = 30}, PodOf{.name = "c", .ready_for_seconds = -1}};
  const Counts counts = count(desired, observed, now);
  EXPECT_EQ(counts.replicas, 3);
  EXPECT_EQ(counts.ready, 2);
  EXPECT_EQ(counts.available, 1);
  EXPECT_EQ(next_available(desired, observed, now), std::chrono::seconds(20));
}

TEST(Status, IsOfItsGenerationOnceItsDeletionsAreSeen) {
  auto owner = std::make_shared<appsv1::ReplicaSet>();
  owner->spec.replicas = 0;
  owner->spec.selector.ensure().matchLabels.set("app", "a");
  owner->metadata.generation = 2;
  owner->status.observedGeneration = 1;
  owner->status.replicas = 1;
  for (const bool satisfied : {true, false}) {
    const Plan plan = decide(std::shared_ptr<const appsv1::ReplicaSet>(owner), {}, {}, satisfied, now);
    ASSERT_EQ(plan.stages.size(), 1u);
    const auto written = std::static_pointer_cast<const appsv1::ReplicaSet>(plan.stages[0].actions[0].request.object);
    EXPECT_EQ(written->status.replicas, 0);
    EXPECT_EQ(written->status.observedGeneration, satisfied ? 2 : 1);
  }
}

}  // namespace
}  // namespace plumb::controllers::replicaset
