#include "reference/controllers/horizontalpodautoscaler/decide.h"

#include <algorithm>

#include "reference/api/text/label_selector.h"
#include "reference/api/text/quantity.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::hpa {
namespace {

using HpaStatus = autoscalingv2::HorizontalPodAutoscalerStatus;
using Condition = autoscalingv2::HorizontalPodAutoscalerCondition;

const Condition* find_condition(const HpaStatus& status, std::string_view type) {
  const auto found = std::find_if(status.conditions.begin(), status.conditions.end(), [&](const Condition& each) { return each.type == type; });
  return found == status.conditions.end() ? nullptr : &*found;
}

void set_condition(HpaStatus& status, std::string_view type, bool holds, std::string_view reason, std::string_view message, const Now& now) {
  auto* condition = const_cast<Condition*>(find_condition(status, type));
  if (!condition) {
    condition = &status.conditions.emplace_back();
    condition->type = type;
  }
  const std::string_view value = holds ? corev1::ConditionTrue : corev1::ConditionFalse;
  if (condition->status != value) condition->lastTransitionTime = api::Time::from(now.wall);
  condition->status = value;
  condition->reason = reason;
  condition->message = message;
}

void warn(Decision& decision, std::string_view reason, std::string message) {
  decision.notes.push_back({informer::event_warning, std::string(reason), std::move(message)});
}

bool knows_idle_metric(const Autoscaler& autoscaler) {
  return std::any_of(autoscaler.spec.metrics.begin(), autoscaler.spec.metrics.end(), [](const autoscalingv2::MetricSpec& metric) {
    return metric.type == autoscalingv2::ObjectMetricSourceType || metric.type == autoscalingv2::ExternalMetricSourceType;
  });
}
bool scaled_to_zero(const Autoscaler& autoscaler) {
  const Condition* condition = find_condition(autoscaler.status, autoscalingv2::ScaledToZero);
  return condition && condition->status == corev1::ConditionTrue;
}

Bounds bounds_of(const Autoscaler& autoscaler) { return {autoscaler.spec.minReplicas.value_or(1), autoscaler.spec.maxReplicas}; }

Tolerances tolerances_of(const Autoscaler& autoscaler, double otherwise) {
  Tolerances tolerances{otherwise, otherwise};
  const auto take = [](const api::Box<autoscalingv2::HPAScalingRules>& rules, double& tolerance) {
    if (!rules || !rules->tolerance) return;
    const auto quantity = api::Quantity::parse(rules->tolerance.text);
    if (quantity.ok()) tolerance = quantity->approximate();
  };
  if (!autoscaler.spec.behavior) return tolerances;
  take(autoscaler.spec.behavior->scaleDown, tolerances.down);
  take(autoscaler.spec.behavior->scaleUp, tolerances.up);
  return tolerances;
}

// What nobody told it to do (a count of zero), or told it directly (bounds).
bool decide_without_metrics(const Autoscaler& autoscaler, const Target& target, Decision& decision, const Now& now) {
  if (needs_metrics(autoscaler, target)) return false;
  const Bounds bounds = bounds_of(autoscaler);
  if (target.asked == 0) {
    set_condition(decision.status, autoscalingv2::ScalingActive, false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero", now);
  } else if (target.asked > bounds.max) {
    decision.scale_to = bounds.max;
    decision.reason = "Current number of replicas above Spec.MaxReplicas";
  } else {
    decision.scale_to = bounds.min;
    decision.reason = "Current number of replicas below Spec.MinReplicas";
  }
  return true;
}

// An event and a condition, and the message of the failure.
std::optional<std::string> selector_problem(const Observed& observed, Decision& decision, const Now& now) {
  const auto problem = [&](std::string_view event, std::string message, std::string_view reason, std::string_view told) {
    warn(decision, event, message);
    set_condition(decision.status, autoscalingv2::ScalingActive, false, reason, told, now);
    return message;
  };
  const std::string& selector = observed.target.selector;
  if (selector.empty()) return problem("SelectorRequired", "selector is required", "InvalidSelector", "the HPA target's scale is missing a selector");
  if (const auto parsed = api::LabelSelector::parse(selector); !parsed.ok()) {
    const std::string message = "couldn't convert selector into a corresponding internal selector object: " + parsed.error().message;
    return problem("InvalidSelector", message, "InvalidSelector", message);
  }
  if (observed.rivals.size() <= 1) return std::nullopt;
  std::string keys;
  for (const std::string& key : observed.rivals) keys += (keys.empty() ? "" : " ") + key;
  const std::string message = "pods by selector " + selector + " are controlled by multiple HPAs: [" + keys + "]";
  return problem("AmbiguousSelector", message, "AmbiguousSelector", message);
}

struct Best {
  std::int32_t replicas = 0;
  std::string metric;
};

// The highest proposal of all metrics; nullopt when none can be trusted: all failed, or some did and fewer replicas would come of the rest.
std::optional<Best> best_of_metrics(const Autoscaler& autoscaler, const Observed& observed, const Settings& settings, Decision& decision, const Now& now) {
  const auto& metrics = autoscaler.spec.metrics;
  const Situation situation{observed.target.asked, tolerances_of(autoscaler, settings.tolerance), observed.pods, settings.youth, now.wall};
  Best best;
  std::vector<MetricFailure> failures;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    static const Reading none;
    const Reading& reading = i < observed.readings.size() ? observed.readings[i] : none;
    MetricResult result = proposal_of(metrics[i], reading, situation, observed.target.running, autoscaler.metadata.namespace_);
    decision.computed.push_back({metrics[i].type.str(), result.proposal ? result.proposal->replicas : 0, !result.proposal, result.failure.in_spec});
    decision.status.currentMetrics.push_back(result.proposal ? std::move(result.proposal->status) : autoscalingv2::MetricStatus());
    if (!result.proposal) {
      warn(decision, result.failure.reason, result.failure.why);
      failures.push_back(std::move(result.failure));
    } else if (best.replicas == 0 || result.proposal->replicas > best.replicas) {
      best = {result.proposal->replicas, std::move(result.proposal->name)};
    }
  }
  if (!failures.empty())
    decision.failure = fail(failures.front().in_spec ? Code::invalid_argument : Code::unavailable,
                            "invalid metrics (" + std::to_string(failures.size()) + " invalid out of " + std::to_string(metrics.size()) + "), first error is: " + failures.front().message);
  if (failures.size() >= metrics.size() || (!failures.empty() && best.replicas < observed.target.asked)) {
    if (!failures.empty())
      set_condition(decision.status, autoscalingv2::ScalingActive, false, failures.front().reason, "the HPA was unable to compute the replica count: " + failures.front().why, now);
    return std::nullopt;
  }
  set_condition(decision.status, autoscalingv2::ScalingActive, true, "ValidMetricFound", "the HPA was able to successfully calculate a replica count from " + best.metric, now);
  return best;
}

void decide_by_metrics(const Autoscaler& autoscaler, const Observed& observed, const Settings& settings, ScaleHistory& history, Decision& decision, const Now& now) {
  const std::int32_t current = observed.target.asked;
  decision.status.currentReplicas = current;
  std::optional<Best> best;
  if (auto problem = selector_problem(observed, decision, now)) {
    decision.failure = fail(Code::invalid_argument, std::move(*problem));
  } else {
    best = best_of_metrics(autoscaler, observed, settings, decision, now);
  }
  if (!best) {
    if (decision.failure) warn(decision, "FailedComputeMetricsReplicas", decision.failure->message);
    return;
  }
  const std::int32_t recommended = std::max(best->replicas, 0);
  if (recommended > current) decision.reason = (recommended > 0 ? best->metric : "") + " above target";
  if (recommended < current) decision.reason = "All metrics below target";
  const Bounds bounds = bounds_of(autoscaler);
  const Limited limited = limit(current, recommended, bounds, autoscaler.spec.behavior.get(), settings.downscale_window, history, now.steady);
  set_condition(decision.status, autoscalingv2::AbleToScale, true, limited.able.reason, limited.able.message, now);
  set_condition(decision.status, autoscalingv2::ScalingLimited, limited.limited, limited.why.reason, limited.why.message, now);
  std::int32_t replicas = limited.replicas;
  if (current == 0 && bounds.min != 0 && scaled_to_zero(autoscaler) && replicas < bounds.min) {
    replicas = bounds.min;
    if (decision.reason.empty()) decision.reason = "Current number of replicas below Spec.MinReplicas";
  }
  decision.status.desiredReplicas = replicas;
  if (replicas != current) decision.scale_to = replicas;
}

Decision start(const Autoscaler& autoscaler) {
  Decision decision;
  decision.status = autoscaler.status;
  return decision;
}

}  // namespace

bool needs_metrics(const Autoscaler& autoscaler, const Target& target) {
  const Bounds bounds = bounds_of(autoscaler);
  // Zero that this controller did not choose means that nobody wants it to act.
  if (target.asked == 0) return scaled_to_zero(autoscaler) && (bounds.min != 0 || knows_idle_metric(autoscaler));
  return target.asked <= bounds.max && target.asked >= bounds.min;
}

Decision decide(const Autoscaler& autoscaler, const Observed& observed, const Settings& settings, ScaleHistory& history, const Now& now) {
  Decision decision = start(autoscaler);
  set_condition(decision.status, autoscalingv2::AbleToScale, true, "SucceededGetScale", "the HPA controller was able to get the target's current scale", now);
  if (history.recommendations.empty()) history.recommendations.record(observed.target.asked, now.steady);
  decision.status.currentMetrics.clear();
  decision.status.observedGeneration = autoscaler.metadata.generation;
  if (decide_without_metrics(autoscaler, observed.target, decision, now)) {
    decision.status.currentReplicas = observed.target.asked;
    decision.status.desiredReplicas = decision.scale_to.value_or(observed.target.asked);
  } else {
    decide_by_metrics(autoscaler, observed, settings, history, decision, now);
  }
  return decision;
}

Decision without_target(const Autoscaler& autoscaler, const Error& why, const Now& now) {
  Decision decision = start(autoscaler);
  warn(decision, "FailedGetScale", why.message);
  set_condition(decision.status, autoscalingv2::AbleToScale, false, "FailedGetScale", "the HPA controller was unable to get the target's current scale: " + why.message, now);
  decision.failure = why;
  return decision;
}

void settle(Decision& decision, const Autoscaler& autoscaler, const Target& target, const Status& written, ScaleHistory& history, const Now& now) {
  if (!decision.scale_to) return;
  const std::string size = std::to_string(*decision.scale_to);
  if (!written.ok()) {
    const std::string& why = written.error().message;
    warn(decision, "FailedRescale", "New size: " + size + "; reason: " + decision.reason + "; error: " + why);
    set_condition(decision.status, autoscalingv2::AbleToScale, false, "FailedUpdateScale", "the HPA controller was unable to update the target scale: " + why, now);
    decision.status.desiredReplicas = autoscaler.status.desiredReplicas;
    decision.failure = written.error();
    return;
  }
  set_condition(decision.status, autoscalingv2::AbleToScale, true, "SucceededRescale", "the HPA controller was able to update the target scale to " + size, now);
  decision.notes.push_back({informer::event_normal, "SuccessfulRescale", "New size: " + size + "; reason: " + decision.reason});
  remember_scaling(target.asked, *decision.scale_to, autoscaler.spec.behavior.get(), history, now.steady);
  decision.status.lastScaleTime = api::Time::from(now.wall);
  const bool to_zero = target.asked > 0 && *decision.scale_to == 0 && autoscaler.spec.minReplicas.value_or(1) == 0 && knows_idle_metric(autoscaler);
  if (to_zero) {
    set_condition(decision.status, autoscalingv2::ScaledToZero, true, "ScaledToZero", "the HPA controller scaled the workload to zero", now);
  } else {
    set_condition(decision.status, autoscalingv2::ScaledToZero, false, "NotScaledToZero", "the HPA controller did not scale the workload to zero", now);
  }
}

}  // namespace plumb::controllers::hpa
