#include "reference/resources/horizontalpodautoscalersv1/metrics.h"

namespace plumb::resources {
namespace {

namespace v1 = autoscalingv1;
namespace v2 = autoscalingv2;

template <class To, class From>
To reference(const From& from) {
  To to;
  to.kind = from.kind;
  to.name = from.name;
  to.apiVersion = from.apiVersion;
  return to;
}

v2::MetricIdentifier identifier(const api::Str& name, const api::Box<metav1::LabelSelector>& selector) {
  v2::MetricIdentifier made;
  made.name = name;
  made.selector = selector;
  return made;
}

// A quantity that v1 always has.
api::QuantityText or_zero(const api::QuantityText& quantity) { return quantity ? quantity : api::QuantityText("0"); }

v2::MetricTarget target(std::string_view type, const api::QuantityText& value, const api::QuantityText& average, const api::Opt<std::int32_t>& utilization = {}) {
  v2::MetricTarget made;
  made.type = type;
  made.value = value;
  made.averageValue = average;
  made.averageUtilization = utilization;
  return made;
}

v2::MetricValueStatus current(const api::QuantityText& value, const api::QuantityText& average, const api::Opt<std::int32_t>& utilization = {}) {
  v2::MetricValueStatus made;
  made.value = value;
  made.averageValue = average;
  made.averageUtilization = utilization;
  return made;
}

std::string_view resource_target_type(const api::Opt<std::int32_t>& utilization) {
  return utilization ? v2::UtilizationMetricType : v2::AverageValueMetricType;
}

}  // namespace

v1::MetricSpec to_v1(const v2::MetricSpec& spec) {
  v1::MetricSpec made;
  made.type = spec.type;
  if (spec.object) {
    auto& object = made.object.ensure();
    object.target = reference<v1::CrossVersionObjectReference>(spec.object->describedObject);
    object.metricName = spec.object->metric.name;
    object.selector = spec.object->metric.selector;
    object.targetValue = or_zero(spec.object->target.value);
    object.averageValue = spec.object->target.averageValue;
  }
  if (spec.pods) {
    auto& pods = made.pods.ensure();
    pods.metricName = spec.pods->metric.name;
    pods.selector = spec.pods->metric.selector;
    pods.targetAverageValue = or_zero(spec.pods->target.averageValue);
  }
  if (spec.resource) {
    auto& resource = made.resource.ensure();
    resource.name = spec.resource->name;
    resource.targetAverageUtilization = spec.resource->target.averageUtilization;
    resource.targetAverageValue = spec.resource->target.averageValue;
  }
  if (spec.containerResource) {
    auto& resource = made.containerResource.ensure();
    resource.name = spec.containerResource->name;
    resource.container = spec.containerResource->container;
    resource.targetAverageUtilization = spec.containerResource->target.averageUtilization;
    resource.targetAverageValue = spec.containerResource->target.averageValue;
  }
  if (spec.external) {
    auto& external = made.external.ensure();
    external.metricName = spec.external->metric.name;
    external.metricSelector = spec.external->metric.selector;
    external.targetValue = spec.external->target.value;
    external.targetAverageValue = spec.external->target.averageValue;
  }
  return made;
}

v2::MetricSpec to_v2(const v1::MetricSpec& spec) {
  v2::MetricSpec made;
  made.type = spec.type;
  if (spec.object) {
    auto& object = made.object.ensure();
    object.describedObject = reference<v2::CrossVersionObjectReference>(spec.object->target);
    object.metric = identifier(spec.object->metricName, spec.object->selector);
    object.target = target(spec.object->averageValue ? v2::AverageValueMetricType : v2::ValueMetricType, or_zero(spec.object->targetValue), spec.object->averageValue);
  }
  if (spec.pods) {
    auto& pods = made.pods.ensure();
    pods.metric = identifier(spec.pods->metricName, spec.pods->selector);
    pods.target = target(v2::AverageValueMetricType, {}, or_zero(spec.pods->targetAverageValue));
  }
  if (spec.resource) {
    auto& resource = made.resource.ensure();
    resource.name = spec.resource->name;
    resource.target = target(resource_target_type(spec.resource->targetAverageUtilization), {}, spec.resource->targetAverageValue, spec.resource->targetAverageUtilization);
  }
  if (spec.containerResource) {
    auto& resource = made.containerResource.ensure();
    resource.name = spec.containerResource->name;
    resource.container = spec.containerResource->container;
    resource.target = target(resource_target_type(spec.containerResource->targetAverageUtilization), {}, spec.containerResource->targetAverageValue,
                             spec.containerResource->targetAverageUtilization);
  }
  if (spec.external) {
    auto& external = made.external.ensure();
    external.metric = identifier(spec.external->metricName, spec.external->metricSelector);
    external.target = target(spec.external->targetValue ? v2::ValueMetricType : v2::AverageValueMetricType, spec.external->targetValue, spec.external->targetAverageValue);
  }
  return made;
}

v1::MetricStatus to_v1(const v2::MetricStatus& status) {
  v1::MetricStatus made;
  made.type = status.type;
  if (status.object) {
    auto& object = made.object.ensure();
    object.target = reference<v1::CrossVersionObjectReference>(status.object->describedObject);
    object.metricName = status.object->metric.name;
    object.selector = status.object->metric.selector;
    object.currentValue = or_zero(status.object->current.value);
    object.averageValue = status.object->current.averageValue;
  }
  if (status.pods) {
    auto& pods = made.pods.ensure();
    pods.metricName = status.pods->metric.name;
    pods.selector = status.pods->metric.selector;
    pods.currentAverageValue = or_zero(status.pods->current.averageValue);
  }
  if (status.resource) {
    auto& resource = made.resource.ensure();
    resource.name = status.resource->name;
    resource.currentAverageUtilization = status.resource->current.averageUtilization;
    resource.currentAverageValue = or_zero(status.resource->current.averageValue);
  }
  if (status.containerResource) {
    auto& resource = made.containerResource.ensure();
    resource.name = status.containerResource->name;
    resource.container = status.containerResource->container;
    resource.currentAverageUtilization = status.containerResource->current.averageUtilization;
    resource.currentAverageValue = or_zero(status.containerResource->current.averageValue);
  }
  if (status.external) {
    auto& external = made.external.ensure();
    external.metricName = status.external->metric.name;
    external.metricSelector = status.external->metric.selector;
    external.currentValue = or_zero(status.external->current.value);
    external.currentAverageValue = status.external->current.averageValue;
  }
  return made;
}

v2::MetricStatus to_v2(const v1::MetricStatus& status) {
  v2::MetricStatus made;
  made.type = status.type;
  if (status.object) {
    auto& object = made.object.ensure();
    object.describedObject = reference<v2::CrossVersionObjectReference>(status.object->target);
    object.metric = identifier(status.object->metricName, status.object->selector);
    object.current = current(or_zero(status.object->currentValue), status.object->averageValue);
  }
  if (status.pods) {
    auto& pods = made.pods.ensure();
    pods.metric = identifier(status.pods->metricName, status.pods->selector);
    pods.current = current({}, or_zero(status.pods->currentAverageValue));
  }
  if (status.resource) {
    auto& resource = made.resource.ensure();
    resource.name = status.resource->name;
    resource.current = current({}, or_zero(status.resource->currentAverageValue), status.resource->currentAverageUtilization);
  }
  if (status.containerResource) {
    auto& resource = made.containerResource.ensure();
    resource.name = status.containerResource->name;
    resource.container = status.containerResource->container;
    resource.current = current({}, or_zero(status.containerResource->currentAverageValue), status.containerResource->currentAverageUtilization);
  }
  if (status.external) {
    auto& external = made.external.ensure();
    external.metric = identifier(status.external->metricName, status.external->metricSelector);
    external.current = current(or_zero(status.external->currentValue), status.external->currentAverageValue);
  }
  return made;
}

}  // namespace plumb::resources
