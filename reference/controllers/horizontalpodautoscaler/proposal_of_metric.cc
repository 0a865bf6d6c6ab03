#include "reference/controllers/horizontalpodautoscaler/proposal_of_metric.h"

#include "reference/api/text/quantity.h"

namespace plumb::controllers::hpa {
namespace {

using api::Quantity;
using autoscalingv2::MetricSpec;
using autoscalingv2::MetricTarget;

// As Go prints the selector of a metric.
std::string go_text(const api::Box<metav1::LabelSelector>& selector) {
  if (!selector) return "nil";
  std::string text = "&LabelSelector{MatchLabels:map[string]string{";
  for (const auto& [key, value] : selector->matchLabels) text += key.str() + ": " + value.str() + ",";
  text += "},MatchExpressions:[]LabelSelectorRequirement{";
  for (const auto& one : selector->matchExpressions) {
    text += "LabelSelectorRequirement{Key:" + one.key.str() + ",Operator:" + one.operator_.str() + ",Values:[";
    for (std::size_t i = 0; i < one.values.size(); ++i) text += (i ? " " : "") + one.values[i].str();
    text += "],},";
  }
  return text + "},}";
}

api::QuantityText quantity(std::int64_t milli, std::string_view resource = {}) {
  return api::QuantityText(Quantity::of_milli(milli, resource == "memory" ? Quantity::Format::binary_si : Quantity::Format::decimal_si).to_string());
}
std::int64_t milli(const api::QuantityText& text) {
  const auto parsed = Quantity::parse(text.text);
  return parsed.ok() ? parsed->milli_value() : 0;
}

MetricResult failed(std::string_view reason, std::string why, std::string message) {
  MetricResult result;
  result.failure = {reason, std::move(why), std::move(message)};
  return result;
}
MetricResult proposed(std::int32_t replicas, std::string name, autoscalingv2::MetricStatus status) {
  MetricResult result;
  result.proposal = MetricProposal{replicas, std::move(name), std::move(status)};
  return result;
}

struct ResourceProposal {
  Proposal proposal;
  autoscalingv2::MetricValueStatus current;
  std::string name;
};

// Of a resource of pods, or of one container of each.
Result<ResourceProposal> of_resource(const MetricTarget& target, const std::string& resource, const std::string& container, const Reading& reading, const Situation& situation) {
  const std::string purpose = "failed to get " + resource + (target.averageValue ? " usage" : " utilization");
  if (!target.averageValue && !target.averageUtilization)
    return fail(Code::invalid_argument, "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set");
  if (!reading.samples.ok()) return reading.samples.error().in("unable to get metrics for resource " + resource).in(purpose);
  auto computed = target.averageValue ? by_average(situation, *reading.samples, resource, milli(target.averageValue))
                                      : by_utilization(situation, *reading.samples, resource, container, *target.averageUtilization);
  if (!computed.ok()) return computed.error().in(purpose);
  ResourceProposal made{*computed, {}, resource + " resource"};
  if (!target.averageValue) made.name = resource + (container.empty() ? "" : " container") + " resource utilization (percentage of request)";
  made.current.averageValue = quantity(computed->usage, resource);
  if (computed->utilization) made.current.averageUtilization = *computed->utilization;
  return made;
}

MetricResult resource(const MetricSpec& spec, const Reading& reading, const Situation& situation) {
  const std::string name = spec.resource->name.str();
  const auto made = of_resource(spec.resource->target, name, {}, reading, situation);
  if (!made.ok()) return failed("FailedGetResourceMetric", made.error().message, "failed to get " + name + " resource metric value: " + made.error().message);
  autoscalingv2::MetricStatus status;
  status.type = spec.type;
  status.resource.ensure().name = spec.resource->name;
  status.resource->current = made->current;
  return proposed(made->proposal.replicas, made->name, std::move(status));
}

MetricResult container_resource(const MetricSpec& spec, const Reading& reading, const Situation& situation) {
  const auto& source = *spec.containerResource;
  const auto made = of_resource(source.target, source.name.str(), source.container.str(), reading, situation);
  if (!made.ok())
    return failed("FailedGetContainerResourceMetric", made.error().message, "failed to get " + source.container.str() + " container metric value: " + made.error().message);
  autoscalingv2::MetricStatus status;
  status.type = spec.type;
  auto& told = status.containerResource.ensure();
  told.name = source.name;
  told.container = source.container;
  told.current = made->current;
  return proposed(made->proposal.replicas, made->name, std::move(status));
}

MetricResult pods(const MetricSpec& spec, const Reading& reading, const Situation& situation) {
  const auto& source = *spec.pods;
  const std::string name = source.metric.name.str();
  auto computed = reading.samples.ok() ? by_average(situation, *reading.samples, {}, milli(source.target.averageValue))
                                       : Result<Proposal>(reading.samples.error().in("unable to get metric " + name));
  if (!computed.ok()) return failed("FailedGetPodsMetric", computed.error().message, "failed to get pods metric value: " + computed.error().message);
  autoscalingv2::MetricStatus status;
  status.type = spec.type;
  status.pods.ensure().metric = source.metric;
  status.pods->current.averageValue = quantity(computed->usage);
  return proposed(computed->replicas, "pods metric " + name, std::move(status));
}

MetricResult object(const MetricSpec& spec, const Reading& reading, const Situation& situation, std::int32_t running, std::string_view namespace_) {
  const auto& source = *spec.object;
  const std::string name = source.metric.name.str(), kind = source.describedObject.kind.str();
  const bool whole = source.target.type == autoscalingv2::ValueMetricType && source.target.value;
  const bool shared = source.target.type == autoscalingv2::AverageValueMetricType && source.target.averageValue;
  const auto failure = [&](const std::string& why) {
    return failed("FailedGetObjectMetric", why, "failed to get object metric value: " + (shared ? "failed to get " + name + " object metric: " : std::string()) + why);
  };
  if (!whole && !shared) return failure("invalid object metric source: neither a value target nor an average value target was set");
  if (!reading.samples.ok())
    return failure("unable to get metric " + name + ": " + kind + " on " + std::string(namespace_) + " " + source.describedObject.name.str() + "/" +
                   reading.samples.error().message);
  const std::int64_t usage = reading.samples->empty() ? 0 : reading.samples->begin()->second.milli;
  const auto computed = whole ? by_value(situation, usage, milli(source.target.value))
                              : Result<Proposal>(by_share(situation.tolerances, running, usage, milli(source.target.averageValue)));
  if (!computed.ok()) return failure(computed.error().message);
  autoscalingv2::MetricStatus status;
  status.type = spec.type;
  auto& told = status.object.ensure();
  told.metric = source.metric;
  told.describedObject = source.describedObject;
  (whole ? told.current.value : told.current.averageValue) = quantity(computed->usage);
  return proposed(computed->replicas, whole ? kind + " metric " + name : "external metric " + name + "(" + go_text(source.metric.selector) + ")", std::move(status));
}

MetricResult external(const MetricSpec& spec, const Reading& reading, const Situation& situation, std::int32_t running, std::string_view namespace_) {
  const auto& source = *spec.external;
  const std::string name = source.metric.name.str(), selector = go_text(source.metric.selector);
  const bool shared = source.target.averageValue.text.is_set();
  const auto failure = [&](const std::string& why) {
    const std::string what = shared ? name + " external metric: " : "external metric " + name + ": ";
    return failed("FailedGetExternalMetric", why, "failed to get " + name + " external metric value: failed to get " + what + why);
  };
  if (!shared && !source.target.value) {
    const std::string why = "invalid external metric source: neither a value target nor an average value target was set";
    return failed("FailedGetExternalMetric", why, "failed to get " + name + " external metric value: " + why);
  }
  if (!reading.values.ok())
    return failure("unable to get external metric " + std::string(namespace_) + "/" + name + "/" + selector + ": " + reading.values.error().message);
  const std::int64_t usage = saturated_sum(*reading.values);
  const auto computed = shared ? Result<Proposal>(by_share(situation.tolerances, running, usage, milli(source.target.averageValue)))
                               : by_value(situation, usage, milli(source.target.value));
  if (!computed.ok()) return failure(computed.error().message);
  autoscalingv2::MetricStatus status;
  status.type = spec.type;
  auto& told = status.external.ensure();
  told.metric = source.metric;
  (shared ? told.current.averageValue : told.current.value) = quantity(computed->usage);
  return proposed(computed->replicas, "external metric " + name + "(" + selector + ")", std::move(status));
}

}  // namespace

MetricResult proposal_of(const MetricSpec& spec, const Reading& reading, const Situation& situation, std::int32_t running, std::string_view namespace_) {
  if (spec.type == autoscalingv2::ResourceMetricSourceType && spec.resource) return resource(spec, reading, situation);
  if (spec.type == autoscalingv2::ContainerResourceMetricSourceType && spec.containerResource) return container_resource(spec, reading, situation);
  if (spec.type == autoscalingv2::PodsMetricSourceType && spec.pods) return pods(spec, reading, situation);
  if (spec.type == autoscalingv2::ObjectMetricSourceType && spec.object) return object(spec, reading, situation, running, namespace_);
  if (spec.type == autoscalingv2::ExternalMetricSourceType && spec.external) return external(spec, reading, situation, running, namespace_);
  const std::string why = "unknown metric source type \"" + spec.type.str() + "\"";
  MetricResult result = failed("InvalidMetricSourceType", why, why);
  result.failure.in_spec = true;
  return result;
}

}  // namespace plumb::controllers::hpa
