#include "reference/dns/observer.h"

#include "reference/api/text/time.h"

namespace plumb::dns {
namespace {

using informer::ObjectPtr;

constexpr std::string_view by_service = "service";
constexpr char service_label[] = "kubernetes.io/service-name", changed_at[] = "endpoints.kubernetes.io/last-change-trigger-time";

std::string service_of(const api::Object& slice) {
  const api::Str* name = slice.metadata.labels.find(service_label);
  return name ? informer::object_key(slice.metadata.namespace_, *name) : std::string();
}

std::vector<api::Ip> ips_of(const ObjectPtr& object) {
  std::vector<api::Ip> ips;
  const auto pod = api::as<corev1::Pod>(object);
  // A pod of the host's network has the node's address, which is no name of the pod's.
  if (!pod || pod->spec.hostNetwork || pod->status.phase == "Succeeded" || pod->status.phase == "Failed") return ips;
  for (const auto& one : pod->status.podIPs)
    if (const auto ip = api::Ip::parse(one.ip)) ips.push_back(*ip);
  return ips;
}

}  // namespace

Observer::Observer(Zone& zone, informer::InformerFactory& informers, Clock& clock)
    : zone_(zone), clock_(clock), services_(informers.informer<corev1::Service>()), slices_(informers.informer<discoveryv1::EndpointSlice>()) {
  slices_.add_index(by_service, [](const api::Object& slice, std::vector<std::string>& values) {
    if (auto key = service_of(slice); !key.empty()) values.push_back(std::move(key));
  });
  services_.add_handler([this](const ObjectPtr& before, const ObjectPtr& after) {
    const auto& metadata = (after ? after : before)->metadata;
    look_at(metadata.namespace_, metadata.name);
  });
  slices_.add_handler([this](const ObjectPtr& before, const ObjectPtr& after) { slice_changed(before, after); });
  informers.informer<corev1::Namespace>().add_handler(
      [this](const ObjectPtr& before, const ObjectPtr& after) { zone_.set_namespace((after ? after : before)->metadata.name, after != nullptr, clock_.wall()); });
  if (zone.options().pods == Pods::verified)
    informers.informer<corev1::Pod>().add_handler([this](const ObjectPtr& before, const ObjectPtr& after) { pod_changed(before, after); });
}

void Observer::look_at(std::string_view namespace_, std::string_view name) {
  const std::string key = informer::object_key(namespace_, name);
  std::lock_guard lock(mutex_);
  const auto service = services_.lister<corev1::Service>().get(key);
  std::shared_ptr<const ServiceView> view;
  if (service) view = view_of(*service, slices_.lister<discoveryv1::EndpointSlice>().by_index(by_service, key));
  zone_.set_service(namespace_, name, std::move(view), clock_.wall());
}

void Observer::slice_changed(const ObjectPtr& before, const ObjectPtr& after) {
  const std::string old = before ? service_of(*before) : std::string(), now = after ? service_of(*after) : std::string();
  for (const std::string& key : {old, now}) {
    if (key.empty() || (&key == &now && old == now)) continue;
    const auto parts = informer::split_key(key);
    look_at(parts.namespace_, parts.name);
  }
  if (after && zone_.complete()) measure(static_cast<const discoveryv1::EndpointSlice&>(*after));
}

void Observer::measure(const discoveryv1::EndpointSlice& slice) {
  const api::Str* text = slice.metadata.annotations.find(changed_at);
  const auto at = text ? api::parse_time(text->view()) : fail(plumb::Code::not_found, "");
  const auto service = services_.lister<corev1::Service>().get(service_of(slice));
  if (!at.ok() || !service || service->spec.clusterIP != "None") return;
  if (const Duration since = clock_.wall() - *at; since > Duration::zero()) programming_.observe(since);
}

void Observer::pod_changed(const ObjectPtr& before, const ObjectPtr& after) {
  const auto old = ips_of(before), now = ips_of(after);
  if (old == now) return;
  for (const api::Ip& ip : old) zone_.remove_pod(before->metadata.namespace_, ip, clock_.wall());
  for (const api::Ip& ip : now) zone_.add_pod(after->metadata.namespace_, ip, clock_.wall());
}

}  // namespace plumb::dns
