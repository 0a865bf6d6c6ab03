// Tables of pods, what they use, and how many replicas that asks for.
#include "reference/controllers/horizontalpodautoscaler/replica_calculator.h"

#include <gtest/gtest.h>

namespace plumb::controllers::hpa {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const WallTime now{std::chrono::hours(480'000)};
constexpr std::int64_t none = -1;

enum class State { ready, not_started, failed, ending, old_but_never_ready, lost_readiness, young_not_ready, just_ready };

struct PodCase {
  std::int64_t usage;  // thousandths, or none
  State state = State::ready;
  std::int64_t request = 1000;  // thousandths
};

void make_ready(corev1::Pod& pod, bool ready, WallTime changed) {
  auto& condition = pod.status.conditions.emplace_back();
  condition.type = "Ready";
  condition.status = ready ? "True" : "False";
  condition.lastTransitionTime = api::Time::from(changed);
}

void put_into(corev1::Pod& pod, State state) {
  const WallTime old = now - minutes(60);
  pod.status.phase = corev1::PodRunning;
  pod.status.startTime = api::Time::from(old);
  switch (state) {
    case State::ready: return make_ready(pod, true, old + seconds(5));
    case State::not_started: pod.status.phase = corev1::PodPending; return;
    case State::failed: pod.status.phase = corev1::PodFailed; return make_ready(pod, false, old);
    case State::ending: pod.metadata.deletionTimestamp = api::Time::from(now); return make_ready(pod, true, old);
    case State::old_but_never_ready: return make_ready(pod, false, old + seconds(10));
    case State::lost_readiness: return make_ready(pod, false, old + minutes(10));
    case State::young_not_ready: pod.status.startTime = api::Time::from(now - minutes(2)); return make_ready(pod, false, now - minutes(2));
    case State::just_ready: pod.status.startTime = api::Time::from(now - minutes(2)); return make_ready(pod, true, now - seconds(40));
  }
}

struct Scene {
  std::vector<PodPtr> pods;
  Samples samples;

  explicit Scene(const std::vector<PodCase>& cases) {
    for (const PodCase& each : cases) {
      auto pod = std::make_shared<corev1::Pod>();
      pod->metadata.name = "pod-" + std::to_string(pods.size());
      if (each.request != none) pod->spec.containers.emplace_back().resources.requests.set("cpu", api::QuantityText(std::to_string(each.request) + "m"));
      else pod->spec.containers.emplace_back().name = "bare";
      put_into(*pod, each.state);
      if (each.usage != none) samples[pod->metadata.name.str()] = {now - seconds(10), minutes(1), each.usage};
      pods.push_back(std::move(pod));
    }
  }
  Situation situation(std::int32_t replicas, Tolerances tolerances = {}) const { return {replicas, tolerances, pods, {}, now}; }
};

std::string outcome(const Result<Proposal>& proposal) {
  if (!proposal.ok()) return proposal.error().message;
  return std::to_string(proposal->replicas) + " of " + (proposal->utilization ? std::to_string(*proposal->utilization) + "%" : std::to_string(proposal->usage));
}

struct Row {
  const char* says;
  std::int32_t replicas;
  std::int32_t target;
  std::vector<PodCase> pods;
  const char* outcome;
  Tolerances tolerances = {};
};

TEST(ReplicaCalculator, Utilization) {
  const Row rows[] = {
      {"as wanted", 3, 50, {{500}, {500}, {500}}, "3 of 50%"},
      {"twice as much", 3, 30, {{300}, {500}, {700}}, "5 of 50%"},
      {"rounded up", 3, 30, {{300}, {450}, {450}}, "4 of 40%"},
      {"half as much", 4, 50, {{250}, {250}, {250}, {250}}, "2 of 25%"},
      {"nothing at all", 4, 50, {{0}, {0}, {0}, {0}}, "0 of 0%"},
      {"just within the tolerance above", 3, 100, {{1100}, {1100}, {1100}}, "3 of 110%"},
      {"just beyond it", 3, 100, {{1110}, {1110}, {1110}}, "4 of 111%"},
      {"just within the tolerance below", 10, 100, std::vector<PodCase>(10, {900}), "10 of 90%"},
      {"just beyond it, below", 10, 100, std::vector<PodCase>(10, {890}), "9 of 89%"},
      {"percentages are cut, so 110.9 is 110", 3, 100, {{1109}, {1109}, {1109}}, "3 of 110%"},
      {"a tolerance of its own for growth", 3, 100, {{1100}, {1100}, {1100}}, "4 of 110%", {0.1, 0.05}},
      {"and for shrinking", 10, 100, std::vector<PodCase>(10, {890}), "10 of 89%", {0.2, 0.1}},
      {"none", 10, 100, std::vector<PodCase>(10, {990}), "10 of 99%", {0, 0}},
      {"requests differ", 2, 50, {{100, State::ready, 100}, {100, State::ready, 300}}, "2 of 50%"},
      {"a request is missing", 2, 50, {{100}, {100, State::ready, none}}, "missing request for cpu in container bare of Pod pod-1"},
      {"no pods", 2, 50, {}, "no pods returned by selector while calculating replica count"},
      {"no samples", 2, 50, {{none}, {none}}, "did not receive metrics for targeted pods (pods might be unready)"},
      {"requests of nothing", 1, 50, {{100, State::ready, 0}}, "no metrics returned matched known pods"},
  };
  for (const Row& row : rows) {
    const Scene scene(row.pods);
    EXPECT_EQ(outcome(by_utilization(scene.situation(row.replicas, row.tolerances), scene.samples, "cpu", "", row.target)), row.outcome) << row.says;
  }
}

TEST(ReplicaCalculator, PodsThatSayNothing) {
  const auto young = State::young_not_ready;
  const Row rows[] = {
      {"missing ones count as idle for growth", 3, 50, {{1000}, {1000}, {none}}, "4 of 100%"},
      {"which may undo it", 3, 50, {{600}, {none}, {none}}, "3 of 60%"},
      {"missing ones count in full for shrinking", 4, 50, {{100}, {100}, {100}, {none}}, "3 of 10%"},
      {"and for a higher target at that", 4, 200, {{400}, {400}, {400}, {none}}, "2 of 40%"},
      {"which may undo it, too", 2, 80, {{500}, {none}}, "2 of 50%"},
      {"unready ones count as idle for growth", 3, 50, {{1000}, {1000}, {1000, young}}, "4 of 100%"},
      {"not at all for shrinking", 3, 50, {{100}, {100}, {1000, young}}, "1 of 10%"},
      {"nor where nothing is to change", 3, 50, {{500}, {500}, {1000, young}}, "3 of 50%"},
      {"those that have not started are unready", 3, 50, {{1000}, {1000}, {none, State::not_started}}, "4 of 100%"},
      {"failed ones are not there", 3, 50, {{1000}, {1000}, {1000, State::failed}}, "4 of 100%"},
      {"nor are those that end", 3, 50, {{1000}, {1000}, {1000, State::ending}}, "4 of 100%"},
      {"all are unready", 2, 50, {{1000, young}, {1000, young}}, "did not receive metrics for targeted pods (pods might be unready)"},
      {"never ready, long after the start", 2, 50, {{1000}, {1000, State::old_but_never_ready}}, "2 of 100%"},
      {"readiness lost later does not matter", 2, 50, {{1000}, {1000, State::lost_readiness}}, "4 of 100%"},
      {"ready for less than the window of its sample", 2, 50, {{1000}, {1000, State::just_ready}}, "2 of 100%"},
      {"more pods than asked for may not turn growth into shrinking", 2, 100, {{1500}, {1500}, {none}, {none}}, "2 of 150%"},
      {"fewer pods than asked for may not shrink while usage is high", 6, 100, {{1500}, {1500}, {1500}, {none, State::not_started}}, "6 of 150%"},
  };
  for (const Row& row : rows) {
    const Scene scene(row.pods);
    EXPECT_EQ(outcome(by_utilization(scene.situation(row.replicas), scene.samples, "cpu", "", row.target)), row.outcome) << row.says;
  }
}

TEST(ReplicaCalculator, OnlyCpuKnowsYouth) {
  const Scene scene({{1000}, {1000, State::young_not_ready}});
  EXPECT_EQ(outcome(by_average(scene.situation(2), scene.samples, "cpu", 500)), "2 of 1000");
  EXPECT_EQ(outcome(by_average(scene.situation(2), scene.samples, "memory", 500)), "4 of 1000");
  EXPECT_EQ(outcome(by_average(scene.situation(2), scene.samples, "", 500)), "4 of 1000");
}

TEST(ReplicaCalculator, Average) {
  const Row rows[] = {
      {"as wanted", 2, 1000, {{1000}, {1000}}, "2 of 1000"},
      {"more", 2, 1000, {{1600}, {2000}}, "4 of 1800"},
      {"less", 4, 1000, {{100}, {100}, {100}, {700}}, "1 of 250"},
      {"missing ones are just at the target for shrinking", 4, 1000, {{100}, {100}, {100}, {none}}, "2 of 100"},
      {"and idle for growth", 3, 1000, {{2000}, {2000}, {none}}, "4 of 2000"},
      {"no samples", 2, 50, {{none}}, "did not receive metrics for targeted pods (pods might be unready)"},
      {"no pods", 2, 50, {}, "no pods returned by selector while calculating replica count"},
  };
  for (const Row& row : rows) {
    const Scene scene(row.pods);
    EXPECT_EQ(outcome(by_average(scene.situation(row.replicas), scene.samples, "", row.target)), row.outcome) << row.says;
  }
}

TEST(ReplicaCalculator, ContainersAndWholePods) {
  auto pod = std::make_shared<corev1::Pod>();
  pod->metadata.name = "p";
  put_into(*pod, State::ready);
  for (const auto& [name, request] : {std::pair("app", "200m"), std::pair("side", "800m")}) {
    auto& container = pod->spec.containers.emplace_back();
    container.name = name;
    container.resources.requests.set("cpu", request);
  }
  auto& sidecar = pod->spec.initContainers.emplace_back();
  sidecar.name = "proxy";
  sidecar.restartPolicy = corev1::ContainerRestartPolicyAlways;
  sidecar.resources.requests.set("cpu", "1");
  pod->spec.initContainers.emplace_back().name = "setup";
  const Samples samples{{"p", {now, minutes(1), 1000}}};
  std::vector<PodPtr> pods{pod};
  const auto percent = [&](std::string_view container) { return outcome(by_utilization({1, {}, pods, {}, now}, samples, "cpu", container, 100)); };
  EXPECT_EQ(percent(""), "1 of 50%");
  EXPECT_EQ(percent("app"), "5 of 500%");
  EXPECT_EQ(percent("proxy"), "1 of 100%");
  EXPECT_EQ(percent("other"), "container other not found in Pod p");
  auto whole = std::make_shared<corev1::Pod>(*pod);
  whole->spec.resources.ensure().requests.set("cpu", "250m");
  pods = {whole};
  EXPECT_EQ(percent(""), "4 of 400%");
  EXPECT_EQ(percent("app"), "5 of 500%") << "a container's request goes before that of its pod";
}

TEST(ReplicaCalculator, Value) {
  const Scene scene({{none}, {none}, {none, State::not_started}});
  const auto value = [&](std::int32_t replicas, std::int64_t usage, std::int64_t target) { return outcome(by_value(scene.situation(replicas), usage, target)); };
  EXPECT_EQ(value(3, 2000, 1000), "4 of 2000") << "only ready pods are multiplied";
  EXPECT_EQ(value(3, 1100, 1000), "3 of 1100");
  EXPECT_EQ(value(3, 0, 1000), "0 of 0");
  EXPECT_EQ(value(0, 100, 1000), "1 of 100") << "from zero neither tolerance nor pods count";
  EXPECT_EQ(value(0, 3500, 1000), "4 of 3500");
  EXPECT_EQ(value(0, 0, 1000), "0 of 0");
  EXPECT_EQ(value(3, INT64_MAX, 1), "2147483647 of 9223372036854775807");
  const Scene empty({});
  EXPECT_EQ(outcome(by_value(empty.situation(3), 5000, 1000)), "unable to calculate ready pods: no pods returned by selector while calculating replica count");
}

TEST(ReplicaCalculator, Share) {
  const auto share = [](std::int32_t running, std::int64_t usage, std::int64_t target) { return outcome(by_share({}, running, usage, target)); };
  EXPECT_EQ(share(3, 3000, 1000), "3 of 1000");
  EXPECT_EQ(share(3, 8600, 1000), "9 of 2867");
  EXPECT_EQ(share(3, 3300, 1000), "3 of 1100");
  EXPECT_EQ(share(3, 1200, 1000), "2 of 400");
  EXPECT_EQ(share(0, 1200, 1000), "2 of 1200") << "nothing runs";
  EXPECT_EQ(share(0, 0, 1000), "0 of 0");
  EXPECT_EQ(share(3, INT64_MAX, 1), "2147483647 of 9223372036854775807");
  EXPECT_EQ(saturated_sum({INT64_MAX, 1}), INT64_MAX);
}

TEST(ReplicaCalculator, HugeNumbersDoNotWrap) {
  const Scene scene({{INT64_MAX}, {INT64_MAX}});
  EXPECT_EQ(outcome(by_average(scene.situation(2), scene.samples, "", 1)), "2147483647 of 9223372036854775807");
  EXPECT_EQ(outcome(by_utilization(scene.situation(2), scene.samples, "cpu", "", 1)), "2147483647 of 2147483647%");
}

}  // namespace
}  // namespace plumb::controllers::hpa
