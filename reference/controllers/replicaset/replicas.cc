#include "reference/controllers/replicaset/replicas.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "harness/base/encoding.h"
#include "reference/controllers/framework/pod_actions.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::replicaset {

namespace {

Stage creations(const Desired& desired, std::size_t count) {
  Stage stage;
  stage.slow_start = true;
  stage.actions.assign(std::min(count, burst_replicas), create_pod(pod_from(*desired.pod_template, *desired.owner), desired.owner));
  return stage;
}

Stage deletions(const Desired& desired, const std::vector<PodPtr>& victims) {
  Stage stage;
  for (const PodPtr& pod : victims) stage.actions.push_back(delete_pod(*pod, desired.owner));
  return stage;
}

int phase_order(const corev1::Pod& pod) {
  return pod.status.phase == corev1::PodRunning ? 2 : pod.status.phase == corev1::PodUnknown ? 1 : 0;
}

std::int32_t restarts(const corev1::Pod& pod) {
  std::int32_t most = 0;
  for (const corev1::ContainerStatus& status : pod.status.containerStatuses) most = std::max(most, status.restartCount);
  return most;
}

// Ages by magnitude, so that pods of about one age are not told apart. A missing time is the oldest.
int magnitude(const api::Time& since, const Now& now) {
  if (!since) return 64;
  const std::int64_t nanos = (now.wall - since.wall()).count();
  return nanos <= 0 ? 0 : static_cast<int>(std::bit_width(static_cast<std::uint64_t>(nanos)));
}

struct Rank {
  PodPtr pod;
  bool assigned;
  int phase;
  bool ready, available;
  std::int64_t cost;
  std::int64_t crowd;  // related pods on its node
  int ready_age;
  std::int32_t restarts;
  int age;

  // The smaller goes first.
  auto key() const { return std::tuple(assigned, phase, ready, available, cost, -crowd, ready_age, -restarts, age); }
};

Rank rank(const PodPtr& pod, const std::unordered_map<std::string_view, std::int64_t>& crowd, std::int32_t min_ready_seconds, const Now& now) {
  const corev1::PodCondition* ready = condition(*pod, corev1::PodReady);
  const bool is_ready = ready && ready->status == corev1::ConditionTrue;
  const auto found = crowd.find(pod->spec.nodeName.view());
  return {pod,
          !pod->spec.nodeName.empty(),
          phase_order(*pod),
          is_ready,
          is_available(*pod, min_ready_seconds, now.wall),
          parse_int(pod->metadata.annotations.get("controller.kubernetes.io/pod-deletion-cost").view()).value_or(0),
          found == crowd.end() ? 0 : found->second,
          is_ready ? magnitude(ready->lastTransitionTime, now) : 0,
          restarts(*pod),
          magnitude(pod->metadata.creationTimestamp, now)};
}

}  // namespace

std::optional<Stage> manage(const Desired& desired, const Observed& observed, const Now& now) {
  if (!observed.expectations_satisfied || desired.owner->metadata.deletionTimestamp) return std::nullopt;
  const auto wanted = static_cast<std::size_t>(std::max(desired.replicas, 0)), have = observed.pods.size();
  if (have == wanted) return std::nullopt;
  Stage stage = have < wanted ? creations(desired, wanted - have)
                              : deletions(desired, choose_victims(observed, std::min(have - wanted, burst_replicas), desired.min_ready_seconds, now));
  stage.expect_for = informer::object_key(*desired.owner);
  return stage;
}

std::vector<PodPtr> choose_victims(const Observed& observed, std::size_t count, std::int32_t min_ready_seconds, const Now& now) {
  if (count >= observed.pods.size()) return observed.pods;
  std::unordered_map<std::string_view, std::int64_t> crowd;
  for (const PodPtr& pod : observed.related)
    if (is_active(*pod)) ++crowd[pod->spec.nodeName.view()];
  std::vector<Rank> ranks;
  ranks.reserve(observed.pods.size());
  for (const PodPtr& pod : observed.pods) ranks.push_back(rank(pod, crowd, min_ready_seconds, now));
  std::sort(ranks.begin(), ranks.end(), [](const Rank& a, const Rank& b) {
    const auto left = a.key(), right = b.key();
    return left != right ? left < right : a.pod->metadata.uid.view() < b.pod->metadata.uid.view();
  });
  std::vector<PodPtr> victims;
  for (std::size_t i = 0; i < count; ++i) victims.push_back(ranks[i].pod);
  return victims;
}

Counts count(const Desired& desired, const Observed& observed, const Now& now) {
  Counts counts;
  counts.replicas = static_cast<std::int32_t>(observed.pods.size());
  counts.terminating = static_cast<std::int32_t>(observed.terminating.size());
  const auto& wanted = desired.pod_template->metadata.labels;
  for (const PodPtr& pod : observed.pods) {
    counts.fully_labeled += std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
      const api::Str* value = pod->metadata.labels.find(label.key);
      return value && *value == label.value;
    });
    if (!is_ready(*pod)) continue;
    ++counts.ready;
    counts.available += is_available(*pod, desired.min_ready_seconds, now.wall);
  }
  return counts;
}

std::optional<Duration> next_available(const Desired& desired, const Observed& observed, const Now& now) {
  std::optional<Duration> next;
  for (const PodPtr& pod : observed.pods) {
    const auto wait = available_in(*pod, desired.min_ready_seconds, now.wall);
    if (wait && (!next || *wait < *next)) next = wait;
  }
  return next;
}

}  // namespace plumb::controllers::replicaset
