#include "reference/controllers/job/backoff.h"

#include <algorithm>

#include "reference/controllers/framework/pods.h"

namespace plumb::controllers::job {

namespace {

constexpr Duration first_delay = std::chrono::seconds(10), last_delay = std::chrono::minutes(10);

std::optional<WallTime> containers_ended(const corev1::Pod& pod) {
  std::optional<WallTime> last;
  for (const corev1::ContainerStatus& status : pod.status.containerStatuses) {
    if (!status.state.terminated || !status.state.terminated->finishedAt) return std::nullopt;
    last = std::max(last.value_or(WallTime::min()), status.state.terminated->finishedAt.wall());
  }
  return last;
}

}  // namespace

WallTime finish_time(const corev1::Pod& pod) {
  if (const auto ended = containers_ended(pod)) return *ended;
  const corev1::PodCondition* ready = condition(pod, corev1::PodReady);
  if (ready && ready->status == corev1::ConditionFalse && ready->lastTransitionTime) return ready->lastTransitionTime.wall();
  if (pod.metadata.deletionTimestamp)
    return pod.metadata.deletionTimestamp.wall() - std::chrono::seconds(pod.metadata.deletionGracePeriodSeconds.value_or(0));
  return pod.metadata.creationTimestamp.wall();
}

Backoff Backoff::after(const Pods& succeeded, const Pods& failed) const {
  Backoff next = *this;
  std::optional<WallTime> success;
  for (const PodPtr& pod : succeeded) success = std::max(success.value_or(WallTime::min()), finish_time(*pod));
  if (success) next = {};
  for (const PodPtr& pod : failed) {
    const WallTime time = finish_time(*pod);
    if (success && time <= *success) continue;
    ++next.failures;
    next.last_failure = std::max(next.last_failure, time);
  }
  return next;
}

Duration Backoff::remaining(WallTime now) const {
  if (failures <= 0) return Duration::zero();
  Duration delay = first_delay;
  for (std::int32_t i = 1; i < failures && delay < last_delay; ++i) delay *= 2;
  return std::max(Duration::zero(), last_failure + std::min(delay, last_delay) - now);
}

Backoff backoff_of_index(const corev1::Pod& failed) { return {counted_failures(failed) + ignored_failures(failed) + 1, finish_time(failed)}; }

}  // namespace plumb::controllers::job
