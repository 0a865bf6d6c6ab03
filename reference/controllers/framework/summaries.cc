#include "reference/controllers/framework/summaries.h"

#include <algorithm>

#include "reference/api/codec/json.h"
#include "reference/api/text/time.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/autoscalingv2.h"
#include "reference/api/types/batchv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/discoveryv1.h"
#include "reference/api/types/rbacv1.h"

namespace plumb::controllers {
namespace {

template <class Conditions>
std::string conditions_of(const Conditions& conditions) {
  std::string text;
  for (const auto& condition : conditions) {
    text += " " + condition.type.str() + "=" + condition.status.str();
    if (!condition.reason.empty()) text += "/" + condition.reason.str();
  }
  return text;
}

std::string summary(const corev1::Pod& pod) {
  std::string text = pod.status.phase.empty() ? "" : " " + pod.status.phase.str();
  if (!pod.spec.nodeName.empty()) text += " on " + pod.spec.nodeName.str();
  return text + conditions_of(pod.status.conditions);
}
std::string summary(const corev1::Node& node) {
  std::string text = conditions_of(node.status.conditions);
  for (const api::Str& range : node.spec.podCIDRs) text += " pods in " + range.str();
  for (const corev1::Taint& taint : node.spec.taints) text += " taint " + taint.key.str() + ":" + taint.effect.str();
  return text;
}
std::string summary(const appsv1::ReplicaSet& set) {
  const auto& status = set.status;
  return " replicas " + std::to_string(set.spec.replicas.value_or(1)) + " actual " + std::to_string(status.replicas) + " ready " +
         std::to_string(status.readyReplicas) + " available " + std::to_string(status.availableReplicas) + " revision " +
         set.metadata.annotations.get("deployment.kubernetes.io/revision").str() + conditions_of(status.conditions);
}
std::string summary(const appsv1::Deployment& deployment) {
  const auto& status = deployment.status;
  return " replicas " + std::to_string(status.replicas) + " updated " + std::to_string(status.updatedReplicas) + " ready " +
         std::to_string(status.readyReplicas) + " available " + std::to_string(status.availableReplicas) + " revision " +
         deployment.metadata.annotations.get("deployment.kubernetes.io/revision").str() + conditions_of(status.conditions);
}
std::string summary(const corev1::Namespace& home) {
  std::string text = " " + home.status.phase.str() + conditions_of(home.status.conditions);
  for (const api::Str& finalizer : home.spec.finalizers) text += " finalizer " + finalizer.str();
  return text;
}

std::string summary(const batchv1::Job& job) {
  const auto& status = job.status;
  std::string text = " active " + std::to_string(status.active) + " ready " + std::to_string(status.ready.value_or(0)) + " terminating " +
                     std::to_string(status.terminating.value_or(0)) + " succeeded " + std::to_string(status.succeeded) + " failed " +
                     std::to_string(status.failed);
  if (!status.completedIndexes.empty()) text += " completed " + status.completedIndexes.str();
  if (status.failedIndexes) text += " failed-indexes " + status.failedIndexes->str();
  if (const auto& uncounted = status.uncountedTerminatedPods; uncounted && !(*uncounted == batchv1::UncountedTerminatedPods{}))
    text += " uncounted " + std::to_string(uncounted->succeeded.size()) + "+" + std::to_string(uncounted->failed.size());
  if (status.startTime) text += " since " + api::format_time(status.startTime.wall());
  return text + conditions_of(status.conditions);
}
std::string summary(const batchv1::CronJob& cron_job) {
  const auto& status = cron_job.status;
  std::string text;
  for (const auto& active : status.active) text += " active " + active.name.str();
  if (status.lastScheduleTime) text += " scheduled " + api::format_time(status.lastScheduleTime.wall());
  if (status.lastSuccessfulTime) text += " succeeded " + api::format_time(status.lastSuccessfulTime.wall());
  return text;
}

std::string port_text(std::string_view name, std::int32_t number, std::string_view protocol) {
  return " " + std::string(name) + ":" + std::to_string(number) + "/" + std::string(protocol);
}

std::string labels_text(const api::Map<api::Str>& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += (text.empty() ? " {" : ", ") + key.str() + "=" + value.str();
  return text.empty() ? text : text + "}";
}

std::string hints_text(const discoveryv1::EndpointHints& hints) {
  std::string text;
  for (const auto& zone : hints.forZones) text += " for-zone " + zone.name.str();
  for (const auto& node : hints.forNodes) text += " for-node " + node.name.str();
  return text;
}

std::string endpoint_text(const discoveryv1::Endpoint& endpoint) {
  std::string text;
  for (const api::Str& address : endpoint.addresses) text += (text.empty() ? "" : ",") + address.str();
  const auto& conditions = endpoint.conditions;
  text += conditions.ready.value_or(false) ? " ready" : " not-ready";
  if (conditions.serving.value_or(false)) text += " serving";
  if (conditions.terminating.value_or(false)) text += " terminating";
  if (endpoint.nodeName) text += " on " + endpoint.nodeName->str();
  if (endpoint.zone) text += " zone " + endpoint.zone->str();
  if (endpoint.hostname) text += " hostname " + endpoint.hostname->str();
  if (endpoint.hints) text += hints_text(*endpoint.hints);
  return text;
}

std::string summary(const discoveryv1::EndpointSlice& slice) {
  std::string text = " " + slice.addressType.str();
  for (const auto& port : slice.ports) text += port_text(port.name.value_or(""), port.port.value_or(0), port.protocol.value_or(""));
  constexpr std::size_t most_shown = 6;
  if (slice.endpoints.size() > most_shown) return text + " " + std::to_string(slice.endpoints.size()) + " endpoints" + labels_text(slice.metadata.labels);
  for (const auto& endpoint : slice.endpoints) text += " [" + endpoint_text(endpoint) + "]";
  for (const auto& [name, value] : slice.metadata.annotations) text += " annotated " + name.str();
  return text + labels_text(slice.metadata.labels);
}

std::string addresses_text(std::string_view heading, const api::List<corev1::EndpointAddress>& addresses) {
  constexpr std::size_t most_shown = 6;
  if (addresses.empty()) return {};
  if (addresses.size() > most_shown) return " " + std::string(heading) + " " + std::to_string(addresses.size());
  std::string text = " " + std::string(heading);
  for (const auto& address : addresses) text += " " + address.ip.str() + (address.hostname.empty() ? "" : "(" + address.hostname.str() + ")");
  return text;
}

std::string summary(const corev1::Endpoints& endpoints) {
  std::string text;
  for (const auto& subset : endpoints.subsets) {
    std::string inside = addresses_text("ready", subset.addresses) + addresses_text("not-ready", subset.notReadyAddresses);
    for (const auto& port : subset.ports) inside += port_text(port.name, port.port, port.protocol);
    text += " [" + inside.substr(std::min<std::size_t>(inside.size(), 1)) + "]";
  }
  return text + labels_text(endpoints.metadata.labels);
}

std::string summary(const corev1::Service& service) {
  std::string text = " " + service.spec.type.str();
  for (const corev1::LoadBalancerIngress& ingress : service.status.loadBalancer.ingress) text += " at " + ingress.ip.str();
  return text;
}

std::string joined(const api::List<api::Str>& list) {
  std::string text;
  for (const api::Str& each : list) text += (text.empty() ? "" : ",") + each.str();
  return text;
}

std::string summary(const rbacv1::ClusterRole& role) {
  std::string text;
  for (const rbacv1::PolicyRule& rule : role.rules) text += " [" + joined(rule.verbs) + " " + joined(rule.resources) + joined(rule.nonResourceURLs) + "]";
  return text;
}

std::string summary(const autoscalingv2::HorizontalPodAutoscaler& autoscaler) {
  const auto& status = autoscaler.status;
  std::string text = " current " + std::to_string(status.currentReplicas) + " desired " + std::to_string(status.desiredReplicas);
  for (const auto& metric : status.currentMetrics) {
    std::string json;
    api::encode_json(autoscalingv2::MetricStatus::info(), &metric, json);
    text += "\n  " + json;
  }
  for (const auto& condition : status.conditions)
    text += "\n  " + condition.type.str() + "=" + condition.status.str() + " " + condition.reason.str() + ": " + condition.message.str();
  return text;
}
// What binding has noted, by the names after the domain.
std::string notes(const api::Map<api::Str>& annotations) {
  std::string text;
  for (const auto& [key, value] : annotations) {
    const std::string_view name = key.view().substr(key.view().find('/') + 1);
    text += " " + std::string(name) + (value == "yes" ? "" : "=" + value.str());
  }
  return text;
}

std::string summary(const corev1::PersistentVolume& volume) {
  const auto& claim = volume.spec.claimRef;
  std::string text = " " + volume.status.phase.str();
  if (claim) text += " for " + claim->namespace_.str() + "/" + claim->name.str() + (claim->uid.empty() ? " by name" : "");
  if (!volume.status.message.empty()) text += " (" + volume.status.message.str() + ")";
  return text + notes(volume.metadata.annotations);
}

std::string summary(const corev1::PersistentVolumeClaim& claim) {
  std::string text = " " + claim.status.phase.str();
  if (!claim.spec.volumeName.empty()) text += " to " + claim.spec.volumeName.str();
  if (claim.spec.storageClassName) text += " class \"" + claim.spec.storageClassName->str() + "\"";
  for (const auto& [name, amount] : claim.status.capacity) text += " " + name.str() + " " + amount.text.str();
  for (const api::Str& mode : claim.status.accessModes) text += " " + mode.str();
  return text + notes(claim.metadata.annotations);
}

}  // namespace

std::optional<std::string> summary_of(const api::Object& object) {
  if (const auto* pod = api::as<corev1::Pod>(object)) return summary(*pod);
  if (const auto* node = api::as<corev1::Node>(object)) return summary(*node);
  if (const auto* set = api::as<appsv1::ReplicaSet>(object)) return summary(*set);
  if (const auto* deployment = api::as<appsv1::Deployment>(object)) return summary(*deployment);
  if (const auto* home = api::as<corev1::Namespace>(object)) return summary(*home);
  if (const auto* job = api::as<batchv1::Job>(object)) return summary(*job);
  if (const auto* cron_job = api::as<batchv1::CronJob>(object)) return summary(*cron_job);
  if (const auto* slice = api::as<discoveryv1::EndpointSlice>(object)) return summary(*slice);
  if (const auto* endpoints = api::as<corev1::Endpoints>(object)) return summary(*endpoints);
  if (const auto* service = api::as<corev1::Service>(object)) return summary(*service);
  if (const auto* volume = api::as<corev1::PersistentVolume>(object)) return summary(*volume);
  if (const auto* claim = api::as<corev1::PersistentVolumeClaim>(object)) return summary(*claim);
  if (const auto* role = api::as<rbacv1::ClusterRole>(object)) return summary(*role);
  if (const auto* autoscaler = api::as<autoscalingv2::HorizontalPodAutoscaler>(object)) return summary(*autoscaler);
  return std::nullopt;
}

}  // namespace plumb::controllers
