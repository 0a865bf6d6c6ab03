#include "reference/resources/horizontalpodautoscalers/rules.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using autoscalingv2::HPAScalingRules;
using autoscalingv2::MetricSpec;
using autoscalingv2::MetricStatus;
using autoscalingv2::MetricTarget;
using autoscalingv2::MetricValueStatus;

constexpr std::int32_t default_utilization = 80;
constexpr std::size_t shown_metrics = 2;

autoscalingv2::HPAScalingPolicy policy(std::string_view type, std::int32_t value) {
  autoscalingv2::HPAScalingPolicy made;
  made.type = type;
  made.value = value;
  made.periodSeconds = 15;
  return made;
}

// What a rule leaves open. A scale-down without a window of its own takes that of the controller's flag.
void complete(HPAScalingRules& rules, bool up) {
  if (up && !rules.stabilizationWindowSeconds) rules.stabilizationWindowSeconds = 0;
  if (!rules.selectPolicy) rules.selectPolicy = autoscalingv2::MaxChangePolicySelect;
  if (!rules.policies.empty()) return;
  if (up) rules.policies.push_back(policy(autoscalingv2::PodsScalingPolicy, 4));
  rules.policies.push_back(policy(autoscalingv2::PercentScalingPolicy, 100));
}

std::string shown_quantity(const api::QuantityText& quantity) { return quantity ? quantity.text.str() : "0"; }
std::string percent(const api::Opt<std::int32_t>& value, std::string_view otherwise) {
  return value ? std::to_string(*value) + "%" : std::string(otherwise);
}

// "current/target" of a metric that is a value, or an average over pods.
std::string value_cell(const MetricTarget& target, const MetricValueStatus* current) {
  if (target.averageValue)
    return (current && current->averageValue ? shown_quantity(current->averageValue) : "<unknown>") + "/" + shown_quantity(target.averageValue) + " (avg)";
  return (current ? shown_quantity(current->value) : "<unknown>") + "/" + shown_quantity(target.value);
}
std::string resource_cell(std::string_view name, const MetricTarget& target, const MetricValueStatus* current) {
  const std::string prefix = std::string(name) + ": ";
  if (target.averageValue) return prefix + (current ? shown_quantity(current->averageValue) : "<unknown>") + "/" + shown_quantity(target.averageValue);
  return prefix + (current ? percent(current->averageUtilization, "<unknown>") : "<unknown>") + "/" + percent(target.averageUtilization, "<auto>");
}

template <class Source>
const MetricValueStatus* current_of(const Source& source) {
  return source ? &source->current : nullptr;
}

std::string metric_cell(const MetricSpec& spec, const MetricStatus& status) {
  if (spec.type == autoscalingv2::ExternalMetricSourceType && spec.external) return value_cell(spec.external->target, current_of(status.external));
  if (spec.type == autoscalingv2::ObjectMetricSourceType && spec.object) return value_cell(spec.object->target, current_of(status.object));
  if (spec.type == autoscalingv2::PodsMetricSourceType && spec.pods)
    return (status.pods ? shown_quantity(status.pods->current.averageValue) : "<unknown>") + "/" + shown_quantity(spec.pods->target.averageValue);
  if (spec.type == autoscalingv2::ResourceMetricSourceType && spec.resource)
    return resource_cell(spec.resource->name, spec.resource->target, current_of(status.resource));
  if (spec.type == autoscalingv2::ContainerResourceMetricSourceType && spec.containerResource)
    return resource_cell(spec.containerResource->name, spec.containerResource->target, current_of(status.containerResource));
  return "<unknown type>";
}

std::string metrics_cell(const autoscalingv2::HorizontalPodAutoscaler& object) {
  static const MetricStatus unknown;
  const auto& specs = object.spec.metrics;
  const auto& statuses = object.status.currentMetrics;
  if (specs.empty()) return "<none>";
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < specs.size(); ++i) cells.push_back(metric_cell(specs[i], i < statuses.size() ? statuses[i] : unknown));
  return first_of_many(cells, shown_metrics, ", ");
}

class HorizontalPodAutoscalers final : public Typed<autoscalingv2::HorizontalPodAutoscaler> {
 public:
  HorizontalPodAutoscalers() : Typed(Names{"horizontalpodautoscalers", "horizontalpodautoscaler", {"hpa"}, {"all"}, true}) {}
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Reference", "What is scaled."), text_column("Targets", "The metrics: current value and target."),
            text_column("MinPods", "The least number of replicas."), text_column("MaxPods", "The greatest number of replicas."),
            text_column("Replicas", "The present number of replicas."), age_column()};
  }
  void validate_create(const api::Object& object, FieldErrors& errors) const override {
    check_reference_versions(static_cast<const autoscalingv2::HorizontalPodAutoscaler&>(object), nullptr, errors);
  }

 protected:
  void defaults(autoscalingv2::HorizontalPodAutoscaler& object) const override {
    auto& spec = object.spec;
    if (!spec.minReplicas) spec.minReplicas = 1;
    if (spec.metrics.empty()) {
      MetricSpec& metric = spec.metrics.emplace_back();
      metric.type = autoscalingv2::ResourceMetricSourceType;
      auto& resource = metric.resource.ensure();
      resource.name = "cpu";
      resource.target.type = autoscalingv2::UtilizationMetricType;
      resource.target.averageUtilization = default_utilization;
    }
    if (!spec.behavior) return;
    complete(spec.behavior->scaleUp.ensure(), true);
    complete(spec.behavior->scaleDown.ensure(), false);
  }
  void check(const autoscalingv2::HorizontalPodAutoscaler& object, FieldErrors& errors) const override { check_autoscaler(object, errors); }
  void check_update(const autoscalingv2::HorizontalPodAutoscaler& next, const autoscalingv2::HorizontalPodAutoscaler& previous, FieldErrors& errors) const override {
    check_reference_versions(next, &previous, errors);
  }
  void check_status_update(const autoscalingv2::HorizontalPodAutoscaler& next, const autoscalingv2::HorizontalPodAutoscaler&, FieldErrors& errors) const override {
    const FieldPath path("status");
    check_nonnegative(next.status.currentReplicas, path.child("currentReplicas"), errors);
    check_nonnegative(next.status.desiredReplicas, path.child("desiredReplicas"), errors);
  }
  std::vector<Cell> cells(const autoscalingv2::HorizontalPodAutoscaler& object, WallTime now) const override {
    const auto& spec = object.spec;
    return {object.metadata.name,
            spec.scaleTargetRef.kind.str() + "/" + spec.scaleTargetRef.name.str(),
            metrics_cell(object),
            spec.minReplicas ? std::to_string(*spec.minReplicas) : "<unset>",
            spec.maxReplicas,
            object.status.currentReplicas,
            age(object, now)};
  }
};

const Registered<Resource> registered_horizontalpodautoscalers{"horizontalpodautoscalers.autoscaling", [] { return std::make_unique<HorizontalPodAutoscalers>(); }};

}  // namespace
}  // namespace plumb::resources
