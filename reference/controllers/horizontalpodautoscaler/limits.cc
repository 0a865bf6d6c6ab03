#include "reference/controllers/horizontalpodautoscaler/limits.h"

#include <algorithm>
#include <cmath>

namespace plumb::controllers::hpa {
namespace {

using autoscalingv2::HPAScalingRules;
using autoscalingv2::HorizontalPodAutoscalerBehavior;

constexpr Explained ready_to_scale{"ReadyForNewScale", "recommended size matches current size"};
constexpr Explained down_stabilized{"ScaleDownStabilized", "recent recommendations were higher than current one, applying the highest recent recommendation"};
constexpr Explained up_stabilized{"ScaleUpStabilized", "recent recommendations were lower than current one, applying the lowest recent recommendation"};
constexpr Explained within_range{"DesiredWithinRange", "the desired count is within the acceptable range"};
constexpr Explained too_many{"TooManyReplicas", "the desired replica count is more than the maximum replica count"};
constexpr Explained too_few{"TooFewReplicas", "the desired replica count is less than the minimum replica count"};
constexpr Explained too_fast_up{"ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate"};
constexpr Explained too_fast_down{"ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate"};

constexpr double growth_at_once = 2.0, least_limit = 4.0;

std::int32_t saturated(double replicas) {
  return static_cast<std::int32_t>(std::clamp(replicas, static_cast<double>(INT32_MIN), static_cast<double>(INT32_MAX)));
}

struct Verdict {
  std::int32_t replicas;
  Explained why;
};

Verdict within_default_limits(std::int32_t current, std::int32_t wanted, const Bounds& bounds) {
  const std::int32_t fastest = saturated(std::max(growth_at_once * current, least_limit));
  const bool fast = bounds.max > fastest;
  const std::int32_t most = fast ? fastest : bounds.max;
  if (wanted < bounds.min) return {bounds.min, too_few};
  if (wanted > most) return {most, fast ? too_fast_up : too_many};
  return {wanted, within_range};
}

Duration window_of(const HPAScalingRules& rules, Duration otherwise) {
  return rules.stabilizationWindowSeconds ? Duration(std::chrono::seconds(*rules.stabilizationWindowSeconds)) : otherwise;
}

// The rules of one direction; upstream's defaults where a stored object lacks them.
const HPAScalingRules& rules_of(const api::Box<HPAScalingRules>& rules) {
  static const HPAScalingRules none;
  return rules ? *rules : none;
}

Verdict stabilized(std::int32_t current, std::int32_t wanted, const HorizontalPodAutoscalerBehavior& behavior, Duration downscale_window, ScaleHistory& history, Instant now) {
  const Duration up = window_of(rules_of(behavior.scaleUp), Duration::zero()), down = window_of(rules_of(behavior.scaleDown), downscale_window);
  constexpr Duration instant(1);  // what is as old as the window does not count
  const std::int32_t floor = history.recommendations.lowest(now - up + instant, wanted), ceiling = history.recommendations.highest(now - down + instant, wanted);
  const std::int32_t replicas = std::min(std::max(current, floor), ceiling);
  history.recommendations.forget_before(now - std::max(up, down));
  history.recommendations.record(wanted, now);
  return {replicas, wanted >= current ? up_stabilized : down_stabilized};
}

// What the policies of one direction allow at most, from the replicas at the start of each one's period.
template <class Proposed>
std::int32_t allowed(const HPAScalingRules& rules, bool up, std::int32_t current, const ScaleHistory& history, Instant now, Proposed proposed) {
  const auto select = rules.selectPolicy.value_or(api::Str(autoscalingv2::MaxChangePolicySelect));
  if (select == autoscalingv2::DisabledPolicySelect) return current;
  const bool highest = up == (select != autoscalingv2::MinChangePolicySelect);
  std::int32_t result = highest ? INT32_MIN : INT32_MAX;
  for (const autoscalingv2::HPAScalingPolicy& policy : rules.policies) {
    const Instant since = now - std::chrono::seconds(policy.periodSeconds);
    const double start = static_cast<double>(current) - history.ups.sum(since) + history.downs.sum(since);
    const std::int32_t proposal = saturated(proposed(start, policy));
    result = highest ? std::max(result, proposal) : std::min(result, proposal);
  }
  return result;
}

std::int32_t most_allowed(const HPAScalingRules& rules, std::int32_t current, const ScaleHistory& history, Instant now) {
  const std::int32_t most = allowed(rules, true, current, history, now, [](double start, const autoscalingv2::HPAScalingPolicy& policy) {
    return policy.type == autoscalingv2::PodsScalingPolicy ? start + policy.value : std::ceil(start * (1.0 + policy.value / 100.0));
  });
  return std::max(most, current);
}
std::int32_t least_allowed(const HPAScalingRules& rules, std::int32_t current, const ScaleHistory& history, Instant now) {
  const std::int32_t least = allowed(rules, false, current, history, now, [](double start, const autoscalingv2::HPAScalingPolicy& policy) {
    return policy.type == autoscalingv2::PodsScalingPolicy ? start - policy.value : std::trunc(start * (1.0 - policy.value / 100.0));
  });
  return std::min(least, current);
}

Verdict within_policies(std::int32_t current, std::int32_t wanted, const Bounds& bounds, const HorizontalPodAutoscalerBehavior& behavior, const ScaleHistory& history, Instant now) {
  if (wanted > current) {
    const std::int32_t fastest = most_allowed(rules_of(behavior.scaleUp), current, history, now), most = std::min(bounds.max, fastest);
    if (wanted > most) return {most, bounds.max > fastest ? too_fast_up : too_many};
  } else if (wanted < current) {
    const std::int32_t fastest = least_allowed(rules_of(behavior.scaleDown), current, history, now), least = std::max(bounds.min, fastest);
    if (wanted < least) return {least, bounds.min < fastest ? too_fast_down : too_few};
  }
  return {wanted, within_range};
}

Duration longest_period(const api::Box<HPAScalingRules>& rules) {
  std::int32_t longest = 0;
  for (const autoscalingv2::HPAScalingPolicy& policy : rules_of(rules).policies) longest = std::max(longest, policy.periodSeconds);
  return std::chrono::seconds(longest);
}

}  // namespace

Limited limit(std::int32_t current, std::int32_t recommended, const Bounds& bounds, const HorizontalPodAutoscalerBehavior* behavior,
              Duration downscale_window, ScaleHistory& history, Instant now) {
  Verdict stable{recommended, down_stabilized};
  if (behavior) {
    stable = stabilized(current, recommended, *behavior, downscale_window, history, now);
  } else {
    stable.replicas = history.recommendations.highest(now - downscale_window, recommended);
    history.recommendations.forget_before(now - downscale_window);
    history.recommendations.record(recommended, now);
  }
  const Verdict done = behavior ? within_policies(current, stable.replicas, bounds, *behavior, history, now)
                                : within_default_limits(current, stable.replicas, bounds);
  return {done.replicas, stable.replicas == recommended ? ready_to_scale : stable.why, done.replicas != stable.replicas, done.why};
}

void remember_scaling(std::int32_t from, std::int32_t to, const HorizontalPodAutoscalerBehavior* behavior, ScaleHistory& history, Instant now) {
  if (!behavior || from == to) return;
  const bool up = to > from;
  // Both directions are asked for both kinds of change.
  const Duration keep = std::max(longest_period(behavior->scaleUp), longest_period(behavior->scaleDown));
  (up ? history.ups : history.downs).record(up ? to - from : from - to, now, keep);
}

}  // namespace plumb::controllers::hpa
