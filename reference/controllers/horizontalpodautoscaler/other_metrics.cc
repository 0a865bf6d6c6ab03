#include "reference/controllers/horizontalpodautoscaler/other_metrics.h"

#include "harness/base/encoding.h"
#include "reference/api/doc/document.h"
#include "reference/controllers/horizontalpodautoscaler/scale_target.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::controllers::hpa {
namespace {

constexpr std::string_view custom_context = "unable to fetch metrics from custom metrics API", external_context = "unable to fetch metrics from external metrics API";

std::string query(std::string_view name, std::string_view value) { return std::string(name) + "=" + url_encode(value); }
std::string selector_text(const autoscalingv2::MetricIdentifier& metric) {
  return metric.selector ? resources::to_selector(metric.selector).to_string() : std::string();
}

std::string custom_path(std::string_view version, std::string_view namespace_, const std::string& object, const autoscalingv2::MetricIdentifier& metric, std::string_view selector) {
  std::string path = std::string(custom_metrics_group) + "/" + std::string(version) + "/namespaces/" + std::string(namespace_) + "/" + object + "/" + url_encode(metric.name);
  std::string queries = selector.empty() ? "" : query("labelSelector", selector);
  if (const std::string of_metric = selector_text(metric); !of_metric.empty()) queries += (queries.empty() ? "" : "&") + query("metricLabelSelector", of_metric);
  return queries.empty() ? path : path + "?" + queries;
}

template <class T>
Result<T> non_empty(Result<T> read, std::string_view context, std::string_view api) {
  if (!read.ok()) return std::move(read).error().in(context);
  if (read->empty()) return fail(Code::not_found, "no metrics returned from " + std::string(api));
  return read;
}

}  // namespace

bool is_custom(const autoscalingv2::MetricSpec& spec) {
  return (spec.type == autoscalingv2::PodsMetricSourceType && spec.pods) || (spec.type == autoscalingv2::ObjectMetricSourceType && spec.object);
}
bool is_external(const autoscalingv2::MetricSpec& spec) { return spec.type == autoscalingv2::ExternalMetricSourceType && spec.external; }

Result<std::string> custom_metrics_version(const Result<std::string>& group) {
  if (group.ok()) {
    const auto doc = api::parse_json(*group);
    if (doc.ok())
      for (const std::string_view wanted : {"v1beta2", "v1beta1"})
        for (const api::Doc& version : (*doc)["versions"].items())
          if (version["version"].as_string() == wanted) return std::string(wanted);
  } else if (group.error().http_status != 404) {
    return group.error().in(custom_context);
  }
  return fail(Code::not_found, "no custom metrics API (custom.metrics.k8s.io) registered").in(custom_context);
}

Result<std::string> path_of(const autoscalingv2::MetricSpec& spec, std::string_view version, std::string_view namespace_, std::string_view selector) {
  if (spec.pods && !is_external(spec) && spec.type == autoscalingv2::PodsMetricSourceType) return custom_path(version, namespace_, "pods/*", spec.pods->metric, selector);
  if (is_external(spec)) {
    const auto& metric = spec.external->metric;
    const std::string of_metric = selector_text(metric);
    return "/apis/external.metrics.k8s.io/v1beta1/namespaces/" + std::string(namespace_) + "/" + url_encode(metric.name) +
           (of_metric.empty() ? std::string() : "?" + query("labelSelector", of_metric));
  }
  const auto& object = spec.object->describedObject;
  if (object.kind == "Namespace" && group_of(object.apiVersion).empty()) return custom_path(version, namespace_, "metrics", spec.object->metric, {});
  const auto resource = resource_of_kind(object);
  if (!resource.ok()) return resource.error().in(custom_context);
  const std::string group(group_of(object.apiVersion));
  const std::string plural = (*resource)->names().plural + (group.empty() ? "" : "." + group);
  return custom_path(version, namespace_, plural + "/" + url_encode(object.name), spec.object->metric, {});
}

Reading reading_of(const autoscalingv2::MetricSpec& spec, const Result<std::string>& answer) {
  Reading reading;
  if (is_external(spec)) {
    reading.values = non_empty(answer.ok() ? read_external_metrics(*answer) : Result<std::vector<std::int64_t>>(answer.error()), external_context, "external metrics API");
  } else {
    reading.samples = non_empty(answer.ok() ? read_custom_metrics(*answer) : Result<Samples>(answer.error()), custom_context, "custom metrics API");
  }
  return reading;
}

}  // namespace plumb::controllers::hpa
