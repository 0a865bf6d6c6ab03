// autoscaling/v1, stored as autoscaling/v2. It knows one metric, the utilization of CPU; what else a v2 object has stands in annotations,
// which exist in this version alone.
#include <algorithm>

#include "reference/api/codec/json.h"
#include "reference/api/doc/document.h"
#include "reference/resources/horizontalpodautoscalersv1/behavior.h"
#include "reference/resources/horizontalpodautoscalersv1/metrics.h"
#include "reference/resources/shared/version.h"

namespace plumb::resources {
namespace {

namespace v1 = autoscalingv1;
namespace v2 = autoscalingv2;
using Annotations = api::Map<api::Str>;

constexpr std::string_view metrics_annotation = "autoscaling.alpha.kubernetes.io/metrics";
constexpr std::string_view current_metrics_annotation = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr std::string_view conditions_annotation = "autoscaling.alpha.kubernetes.io/conditions";
constexpr std::string_view behavior_annotation = "autoscaling.alpha.kubernetes.io/behavior";
constexpr std::int32_t default_utilization = 80;

void drop_round_trip(Annotations& annotations) {
  for (const std::string_view name : {metrics_annotation, current_metrics_annotation, conditions_annotation, behavior_annotation}) annotations.erase(name);
}

bool is_cpu(const v2::MetricSpec& metric) {
  return metric.type == v2::ResourceMetricSourceType && metric.resource && metric.resource->name == "cpu";
}

template <class T>
void save(const api::List<T>& list, std::string_view name, Annotations& annotations) {
  if (list.empty()) return;
  std::string text;
  for (const T& item : list) {
    text += text.empty() ? '[' : ',';
    api::encode_json(T::info(), &item, text);
  }
  annotations.set(name, api::Str(text + "]"));
}

// nullopt: there is none, or it is malformed, and then it says nothing.
template <class T>
std::optional<api::List<T>> load(const Annotations& annotations, std::string_view name) {
  const api::Str* text = annotations.find(name);
  if (!text) return std::nullopt;
  const auto doc = api::parse_json(*text);
  if (!doc.ok() || !doc->is_array()) return std::nullopt;
  api::List<T> list;
  for (const api::Doc& item : doc->items()) {
    auto read = api::decode_json_as<T>(item.to_json());
    if (!read.ok()) return std::nullopt;
    list.push_back(std::move(*read));
  }
  return list;
}

v2::MetricSpec cpu_utilization(std::int32_t percent) {
  v2::MetricSpec metric;
  metric.type = v2::ResourceMetricSourceType;
  auto& resource = metric.resource.ensure();
  resource.name = "cpu";
  resource.target.type = v2::UtilizationMetricType;
  resource.target.averageUtilization = percent;
  return metric;
}

template <class To, class From>
To condition(const From& from) {
  To to;
  to.type = from.type;
  to.status = from.status;
  to.lastTransitionTime = from.lastTransitionTime;
  to.reason = from.reason;
  to.message = from.message;
  to.observedGeneration = from.observedGeneration;
  return to;
}

template <class To, class From>
void copy_shared(const From& from, To& to) {
  to.spec.scaleTargetRef.kind = from.spec.scaleTargetRef.kind;
  to.spec.scaleTargetRef.name = from.spec.scaleTargetRef.name;
  to.spec.scaleTargetRef.apiVersion = from.spec.scaleTargetRef.apiVersion;
  to.spec.minReplicas = from.spec.minReplicas;
  to.spec.maxReplicas = from.spec.maxReplicas;
  to.status.observedGeneration = from.status.observedGeneration;
  to.status.lastScaleTime = from.status.lastScaleTime;
  to.status.currentReplicas = from.status.currentReplicas;
  to.status.desiredReplicas = from.status.desiredReplicas;
}

void restore_metrics(const v1::HorizontalPodAutoscaler& from, v2::HorizontalPodAutoscaler& to) {
  const Annotations& annotations = from.metadata.annotations;
  if (const auto others = load<v1::MetricSpec>(annotations, metrics_annotation))
    for (const v1::MetricSpec& metric : *others) to.spec.metrics.push_back(to_v2(metric));
  if (from.spec.targetCPUUtilizationPercentage) to.spec.metrics.push_back(cpu_utilization(*from.spec.targetCPUUtilizationPercentage));
  if (to.spec.metrics.empty()) to.spec.metrics.push_back(cpu_utilization(default_utilization));

  if (const auto current = load<v1::MetricStatus>(annotations, current_metrics_annotation)) {
    for (const v1::MetricStatus& metric : *current) to.status.currentMetrics.push_back(to_v2(metric));
  } else if (from.status.currentCPUUtilizationPercentage) {
    v2::MetricStatus& metric = to.status.currentMetrics.emplace_back();
    metric.type = v2::ResourceMetricSourceType;
    auto& resource = metric.resource.ensure();
    resource.name = "cpu";
    resource.current.averageUtilization = *from.status.currentCPUUtilizationPercentage;
  }
}

class HorizontalPodAutoscalersV1 final : public Version<v1::HorizontalPodAutoscaler, v2::HorizontalPodAutoscaler> {
 public:
  void set_defaults(api::Object& object) const override {
    auto& spec = static_cast<v1::HorizontalPodAutoscaler&>(object).spec;
    if (!spec.minReplicas) spec.minReplicas = 1;
    Version::set_defaults(object);
  }

 protected:
  void convert(const v1::HorizontalPodAutoscaler& from, v2::HorizontalPodAutoscaler& to) const override {
    copy_shared(from, to);
    restore_metrics(from, to);
    const Annotations& annotations = from.metadata.annotations;
    if (const api::Str* text = annotations.find(behavior_annotation))
      if (auto behavior = parse_behavior(*text)) to.spec.behavior = std::move(*behavior);
    if (const auto conditions = load<v1::HorizontalPodAutoscalerCondition>(annotations, conditions_annotation))
      for (const auto& each : *conditions) to.status.conditions.push_back(condition<v2::HorizontalPodAutoscalerCondition>(each));
    drop_round_trip(to.metadata.annotations);
  }
  void convert(const v2::HorizontalPodAutoscaler& from, v1::HorizontalPodAutoscaler& to) const override {
    copy_shared(from, to);
    const auto cpu = std::find_if(from.spec.metrics.begin(), from.spec.metrics.end(), is_cpu);
    if (cpu != from.spec.metrics.end()) to.spec.targetCPUUtilizationPercentage = cpu->resource->target.averageUtilization;
    for (const v2::MetricStatus& metric : from.status.currentMetrics)
      if (metric.type == v2::ResourceMetricSourceType && metric.resource && metric.resource->name == "cpu" && metric.resource->current.averageUtilization)
        to.status.currentCPUUtilizationPercentage = metric.resource->current.averageUtilization;

    Annotations& annotations = to.metadata.annotations;
    drop_round_trip(annotations);
    api::List<v1::MetricSpec> others;
    for (const v2::MetricSpec& metric : from.spec.metrics)
      if (!is_cpu(metric) || !metric.resource->target.averageUtilization) others.push_back(to_v1(metric));
    api::List<v1::MetricStatus> current;
    for (const v2::MetricStatus& metric : from.status.currentMetrics) current.push_back(to_v1(metric));
    api::List<v1::HorizontalPodAutoscalerCondition> conditions;
    for (const auto& each : from.status.conditions) conditions.push_back(condition<v1::HorizontalPodAutoscalerCondition>(each));
    save(others, metrics_annotation, annotations);
    save(current, current_metrics_annotation, annotations);
    save(conditions, conditions_annotation, annotations);
    if (from.spec.behavior) annotations.set(behavior_annotation, api::Str(behavior_text(*from.spec.behavior)));
  }
};

const Registered<Resource> registered_horizontalpodautoscalersv1{"horizontalpodautoscalers.v1.autoscaling", [] { return std::make_unique<HorizontalPodAutoscalersV1>(); }};

}  // namespace
}  // namespace plumb::resources
