#include "reference/controllers/framework/service_endpoints.h"

#include <algorithm>

#include "reference/api/text/time.h"
#include "reference/controllers/framework/pods.h"

namespace plumb::controllers {
namespace {

constexpr std::string_view trigger_time = "endpoints.kubernetes.io/last-change-trigger-time";

const corev1::ContainerPort* named_port(const corev1::Container& container, const corev1::ServicePort& port) {
  for (const corev1::ContainerPort& each : container.ports)
    if (each.name == port.targetPort.text && each.protocol == port.protocol) return &each;
  return nullptr;
}

bool changes_endpoints(const corev1::Pod& before, const corev1::Pod& after) {
  return before.metadata.deletionTimestamp.set != after.metadata.deletionTimestamp.set || is_terminal(before) != is_terminal(after) ||
         is_ready(before) != is_ready(after) || !(before.status.podIPs == after.status.podIPs) || before.status.podIP != after.status.podIP ||
         before.spec.nodeName != after.spec.nodeName || !(before.metadata.labels == after.metadata.labels) ||
         before.spec.hostname != after.spec.hostname || before.spec.subdomain != after.spec.subdomain;
}

}  // namespace

bool selects(const corev1::Service& service, const api::Map<api::Str>& labels) {
  const auto& selector = service.spec.selector;
  return !selector.empty() && std::all_of(selector.begin(), selector.end(), [&](const auto& entry) {
    const api::Str* found = labels.find(entry.key);
    return found && *found == entry.value;
  });
}

bool belongs_in_endpoints(const corev1::Pod& pod, bool terminating) {
  if (is_terminal(pod) || (pod.status.podIP.empty() && pod.status.podIPs.empty())) return false;
  return terminating || !pod.metadata.deletionTimestamp;
}

std::optional<std::int32_t> find_port(const corev1::Pod& pod, const corev1::ServicePort& port) {
  if (!port.targetPort.is_string()) return port.targetPort.number;
  for (const corev1::Container& container : pod.spec.containers)
    if (const auto* found = named_port(container, port)) return found->containerPort;
  for (const corev1::Container& container : pod.spec.initContainers)
    if (container.restartPolicy && *container.restartPolicy == "Always")
      if (const auto* found = named_port(container, port)) return found->containerPort;
  return std::nullopt;
}

bool publishes_hostname(const corev1::Pod& pod, const corev1::Service& service) {
  return !pod.spec.hostname.empty() && pod.spec.subdomain == service.metadata.name && pod.metadata.namespace_ == service.metadata.namespace_;
}

void queue_services_of(Watches& watches, const informer::Lister<corev1::Service>& services, const std::shared_ptr<const corev1::Pod>& before,
                       const std::shared_ptr<const corev1::Pod>& after) {
  if (before && after && !changes_endpoints(*before, *after)) return;
  for (const auto& service : services.by_index(informer::index::by_namespace, (after ? after : before)->metadata.namespace_))
    if ((before && selects(*service, before->metadata.labels)) || (after && selects(*service, after->metadata.labels)))
      watches.queue.add(informer::object_key(*service));
}

std::optional<WallTime> TriggerTimes::look(const std::string& key, const corev1::Service& service, const std::vector<std::shared_ptr<const corev1::Pod>>& pods) {
  std::optional<WallTime> earliest;
  const auto changed = [&](WallTime time) {
    if (!earliest || time < *earliest) earliest = time;
  };
  const std::lock_guard lock(mutex_);
  Seen& seen = seen_[key];
  std::map<std::string, WallTime> now;
  for (const auto& pod : pods) {
    const corev1::PodCondition* ready = condition(*pod, corev1::PodReady);
    if (!ready || !ready->lastTransitionTime) continue;
    const std::string name = pod->metadata.name.str();
    const WallTime time = ready->lastTransitionTime.wall();
    const auto old = seen.pods.find(name);
    if (old == seen.pods.end() || time > old->second) changed(time);
    now.emplace(name, time);
  }
  seen.pods = std::move(now);
  if (const WallTime made = service.metadata.creationTimestamp.wall(); !seen.service || made > *seen.service) {
    changed(made);
    seen.service = made;
  }
  return earliest;
}

void TriggerTimes::forget(const std::string& key) {
  const std::lock_guard lock(mutex_);
  seen_.erase(key);
}

void annotate_trigger_time(metav1::ObjectMeta& metadata, const std::optional<WallTime>& time) {
  if (time)
    metadata.annotations.set(trigger_time, api::Str(api::format_time(*time)));
  else
    metadata.annotations.erase(trigger_time);
}

}  // namespace plumb::controllers
