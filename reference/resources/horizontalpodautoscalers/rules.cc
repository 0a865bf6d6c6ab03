#include "reference/resources/horizontalpodautoscalers/rules.h"

#include <algorithm>
#include <array>

#include "reference/api/text/quantity.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

using autoscalingv2::CrossVersionObjectReference;
using autoscalingv2::HPAScalingRules;
using autoscalingv2::MetricIdentifier;
using autoscalingv2::MetricSpec;
using autoscalingv2::MetricTarget;

constexpr std::int32_t longest_period = 1800, longest_window = 3600;  // seconds
constexpr std::string_view one_source = "must populate the given metric source only";
constexpr std::string_view no_source = "must populate information for the given metric source";

int sign_of(const api::QuantityText& quantity) {
  const auto parsed = api::Quantity::parse(quantity.text);
  return parsed.ok() ? parsed->sign() : -1;
}

void check_segment(const api::Str& value, const FieldPath& path, FieldErrors& errors) {
  if (value.empty()) return errors.required(path);
  check_text(api::check_path_segment_name(value), path, value, errors);
}
void check_reference(const CrossVersionObjectReference& reference, const FieldPath& path, FieldErrors& errors) {
  check_segment(reference.kind, path.child("kind"), errors);
  check_segment(reference.name, path.child("name"), errors);
}

void check_identifier(const MetricIdentifier& metric, const FieldPath& path, FieldErrors& errors) {
  if (metric.name.empty()) return errors.required(path.child("name"), "must specify a metric name");
  check_text(api::check_path_segment_name(metric.name), path.child("name"), metric.name, errors);
}

void check_target(const MetricTarget& target, const FieldPath& path, FieldErrors& errors) {
  if (target.type.empty()) errors.required(path.child("type"), "must specify a metric target type");
  if (target.type != autoscalingv2::UtilizationMetricType && target.type != autoscalingv2::ValueMetricType && target.type != autoscalingv2::AverageValueMetricType)
    errors.invalid(path.child("type"), quoted(target.type), "must be either Utilization, Value, or AverageValue");
  if (target.value && sign_of(target.value) <= 0) errors.invalid(path.child("value"), quoted(target.value.text), "must be positive");
  if (target.averageValue && sign_of(target.averageValue) <= 0) errors.invalid(path.child("averageValue"), quoted(target.averageValue.text), "must be positive");
  if (target.averageUtilization && *target.averageUtilization < 1)
    errors.invalid(path.child("averageUtilization"), std::to_string(*target.averageUtilization), "must be greater than 0");
}

void check_object(const autoscalingv2::ObjectMetricSource& source, const FieldPath& path, FieldErrors& errors) {
  check_reference(source.describedObject, path.child("describedObject"), errors);
  check_identifier(source.metric, path.child("metric"), errors);
  const FieldPath target = path.child("target");
  check_target(source.target, target, errors);
  if (!source.target.value && !source.target.averageValue) errors.required(target.child("averageValue"), "must set either a target value or averageValue");
}
void check_external(const autoscalingv2::ExternalMetricSource& source, const FieldPath& path, FieldErrors& errors) {
  check_identifier(source.metric, path.child("metric"), errors);
  const FieldPath target = path.child("target");
  check_target(source.target, target, errors);
  if (!source.target.value && !source.target.averageValue)
    errors.required(target.child("averageValue"), "must set either a target value for metric or a per-pod target");
  if (source.target.value && source.target.averageValue)
    errors.forbidden(target.child("value"), "may not set both a target value for metric and a per-pod target");
}
void check_pods(const autoscalingv2::PodsMetricSource& source, const FieldPath& path, FieldErrors& errors) {
  check_identifier(source.metric, path.child("metric"), errors);
  const FieldPath target = path.child("target");
  check_target(source.target, target, errors);
  if (!source.target.averageValue) errors.required(target.child("averageValue"), "must specify a positive target averageValue");
}
void check_resource_target(const MetricTarget& target, const FieldPath& path, FieldErrors& errors) {
  check_target(target, path, errors);
  if (!target.averageUtilization && !target.averageValue)
    errors.required(path.child("averageUtilization"), "must set either a target raw value or a target utilization");
  if (target.averageUtilization && target.averageValue)
    errors.forbidden(path.child("averageValue"), "may not set both a target raw value and a target utilization");
}
void check_resource(const autoscalingv2::ResourceMetricSource& source, const FieldPath& path, FieldErrors& errors) {
  if (source.name.empty()) errors.required(path.child("name"), "must specify a resource name");
  check_resource_target(source.target, path.child("target"), errors);
}
void check_container(const autoscalingv2::ContainerResourceMetricSource& source, const FieldPath& path, FieldErrors& errors) {
  if (source.name.empty()) errors.required(path.child("name"), "must specify a resource name");
  if (source.container.empty()) {
    errors.required(path.child("container"), "must specify a container");
  } else {
    check_text(api::check_dns1123_label(source.container), path.child("container"), source.container, errors);
  }
  check_resource_target(source.target, path.child("target"), errors);
}

struct Source {
  std::string_view type, field;
  bool there;
};
// In the order in which upstream looks at them: of several the first is checked.
std::array<Source, 5> sources(const MetricSpec& spec) {
  return {{{autoscalingv2::ObjectMetricSourceType, "object", spec.object.has_value()},
           {autoscalingv2::ExternalMetricSourceType, "external", spec.external.has_value()},
           {autoscalingv2::PodsMetricSourceType, "pods", spec.pods.has_value()},
           {autoscalingv2::ResourceMetricSourceType, "resource", spec.resource.has_value()},
           {autoscalingv2::ContainerResourceMetricSourceType, "containerResource", spec.containerResource.has_value()}}};
}

void check_first_source(const MetricSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.object) return check_object(*spec.object, path.child("object"), errors);
  if (spec.external) return check_external(*spec.external, path.child("external"), errors);
  if (spec.pods) return check_pods(*spec.pods, path.child("pods"), errors);
  if (spec.resource) return check_resource(*spec.resource, path.child("resource"), errors);
  if (spec.containerResource) check_container(*spec.containerResource, path.child("containerResource"), errors);
}

void check_metric(const MetricSpec& spec, const FieldPath& path, FieldErrors& errors) {
  const auto all = sources(spec);
  const auto expected = std::find_if(all.begin(), all.end(), [&](const Source& source) { return source.type == spec.type.view(); });
  if (spec.type.empty()) errors.required(path.child("type"), "must specify a metric source type");
  if (expected == all.end())
    errors.not_supported(path.child("type"), quoted(spec.type), {"ContainerResource", "External", "Object", "Pods", "Resource"});
  check_first_source(spec, path, errors);
  if (expected != all.end() && !expected->there) errors.required(path.child(expected->field), no_source);
  if (std::count_if(all.begin(), all.end(), [](const Source& source) { return source.there; }) <= 1) return;
  for (const Source& source : all)
    if (source.there && &source != expected) errors.forbidden(path.child(source.field), one_source);
}

void check_policy(const autoscalingv2::HPAScalingPolicy& policy, const FieldPath& path, FieldErrors& errors) {
  if (policy.type != autoscalingv2::PodsScalingPolicy && policy.type != autoscalingv2::PercentScalingPolicy)
    errors.not_supported(path.child("type"), quoted(policy.type), {"Percent", "Pods"});
  if (policy.value <= 0) errors.invalid(path.child("value"), std::to_string(policy.value), "must be greater than zero");
  const FieldPath period = path.child("periodSeconds");
  if (policy.periodSeconds <= 0) errors.invalid(period, std::to_string(policy.periodSeconds), "must be greater than zero");
  if (policy.periodSeconds > longest_period)
    errors.invalid(period, std::to_string(policy.periodSeconds), "must be less than or equal to " + std::to_string(longest_period));
}

void check_rules(const HPAScalingRules& rules, const FieldPath& path, FieldErrors& errors) {
  if (const auto& window = rules.stabilizationWindowSeconds) {
    const FieldPath at = path.child("stabilizationWindowSeconds");
    if (*window < 0) errors.invalid(at, std::to_string(*window), "must be greater than or equal to zero");
    if (*window > longest_window) errors.invalid(at, std::to_string(*window), "must be less than or equal to " + std::to_string(longest_window));
  }
  const auto& select = rules.selectPolicy;
  if (select && *select != autoscalingv2::MaxChangePolicySelect && *select != autoscalingv2::MinChangePolicySelect && *select != autoscalingv2::DisabledPolicySelect)
    errors.not_supported(path.child("selectPolicy"), quoted(*select), {"Disabled", "Max", "Min"});
  const FieldPath policies = path.child("policies");
  if (rules.policies.empty()) errors.required(policies, "must specify at least one Policy");
  for (std::size_t i = 0; i < rules.policies.size(); ++i) check_policy(rules.policies[i], policies.index(i), errors);
  if (rules.tolerance && sign_of(rules.tolerance) < 0)
    errors.invalid(path.child("tolerance"), quoted(rules.tolerance.text), "must be greater than or equal to 0");
}

// "group/version", or "version" for the group "".
std::string version_problem(std::string_view version, bool needs_group) {
  const auto slashes = std::count(version.begin(), version.end(), '/');
  if (version == "/" || version.empty()) return needs_group ? "apiVersion must specify API group" : "";
  if (slashes > 1) return "unexpected GroupVersion string: " + std::string(version);
  return needs_group && (slashes == 0 || version.front() == '/') ? "apiVersion must specify API group" : "";
}
void check_version(const CrossVersionObjectReference& reference, bool needs_group, const FieldPath& path, FieldErrors& errors) {
  const std::string problem = version_problem(reference.apiVersion, needs_group);
  if (!problem.empty()) errors.invalid(path.child("apiVersion"), quoted(reference.apiVersion), problem);
}

bool describes_badly(const MetricSpec& metric) {
  return metric.type == autoscalingv2::ObjectMetricSourceType && metric.object && !version_problem(metric.object->describedObject.apiVersion, false).empty();
}

}  // namespace

void check_autoscaler(const autoscalingv2::HorizontalPodAutoscaler& object, FieldErrors& errors) {
  const auto& spec = object.spec;
  const FieldPath path("spec"), metrics = path.child("metrics");
  if (spec.minReplicas && *spec.minReplicas < 0)
    errors.invalid(path.child("minReplicas"), std::to_string(*spec.minReplicas), "must be greater than or equal to 0");
  const FieldPath max = path.child("maxReplicas");
  if (spec.maxReplicas < 1) errors.invalid(max, std::to_string(spec.maxReplicas), "must be greater than 0");
  if (spec.minReplicas && spec.maxReplicas < *spec.minReplicas)
    errors.invalid(max, std::to_string(spec.maxReplicas), "must be greater than or equal to `minReplicas`");
  check_reference(spec.scaleTargetRef, path.child("scaleTargetRef"), errors);
  for (std::size_t i = 0; i < spec.metrics.size(); ++i) check_metric(spec.metrics[i], metrics.index(i), errors);
  const bool may_idle = std::any_of(spec.metrics.begin(), spec.metrics.end(), [](const MetricSpec& metric) {
    return metric.type == autoscalingv2::ObjectMetricSourceType || metric.type == autoscalingv2::ExternalMetricSourceType;
  });
  if (spec.minReplicas && *spec.minReplicas == 0 && !may_idle)
    errors.forbidden(metrics, "must specify at least one Object or External metric to support scaling to zero replicas");
  if (!spec.behavior) return;
  const FieldPath behavior = path.child("behavior");
  if (spec.behavior->scaleUp) check_rules(*spec.behavior->scaleUp, behavior.child("scaleUp"), errors);
  if (spec.behavior->scaleDown) check_rules(*spec.behavior->scaleDown, behavior.child("scaleDown"), errors);
}

void check_reference_versions(const autoscalingv2::HorizontalPodAutoscaler& next, const autoscalingv2::HorizontalPodAutoscaler* previous, FieldErrors& errors) {
  const FieldPath path("spec");
  const auto& target = next.spec.scaleTargetRef;
  const bool kept = previous && previous->spec.scaleTargetRef.apiVersion == target.apiVersion && previous->spec.scaleTargetRef.kind == target.kind;
  if (!kept) check_version(target, target.kind != "ReplicationController", path.child("scaleTargetRef"), errors);
  if (previous && std::any_of(previous->spec.metrics.begin(), previous->spec.metrics.end(), describes_badly)) return;
  for (std::size_t i = 0; i < next.spec.metrics.size(); ++i)
    if (const auto& object = next.spec.metrics[i].object)
      check_version(object->describedObject, false, path.child("metrics").index(i).child("object").child("describedObject"), errors);
}

}  // namespace plumb::resources
