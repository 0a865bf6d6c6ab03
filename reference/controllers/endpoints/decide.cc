#include "reference/controllers/endpoints/decide.h"

#include <algorithm>
#include <cmath>

#include "reference/controllers/framework/endpoint_subsets.h"
#include "reference/controllers/framework/pods.h"
#include "reference/controllers/framework/service_endpoints.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::endpoints {
namespace {

using corev1::EndpointAddress;
using corev1::Endpoints;
using corev1::EndpointSubset;

constexpr std::size_t capacity = 1000;
constexpr std::string_view over_capacity = "endpoints.kubernetes.io/over-capacity";
constexpr std::string_view headless_label = "service.kubernetes.io/headless";
constexpr std::string_view managed_by_label = "endpoints.kubernetes.io/managed-by", manager = "endpoint-controller";

bool is_v6(std::string_view address) { return address.find(':') != address.npos; }

// Of the family that the Service has first.
std::optional<api::Str> address_of(const corev1::Service& service, const corev1::Pod& pod) {
  const bool v6 = !service.spec.ipFamilies.empty() ? service.spec.ipFamilies.front() == "IPv6"
                  : is_service_ip_set(service)     ? is_v6(service.spec.clusterIP)
                                                   : is_v6(pod.status.podIP);
  for (const corev1::PodIP& ip : pod.status.podIPs)
    if (is_v6(ip.ip) == v6) return ip.ip;
  return std::nullopt;
}

std::optional<EndpointAddress> endpoint_of(const corev1::Service& service, const corev1::Pod& pod) {
  const auto ip = address_of(service, pod);
  if (!ip) return std::nullopt;
  EndpointAddress address;
  address.ip = *ip;
  if (!pod.spec.nodeName.empty()) address.nodeName = pod.spec.nodeName;
  corev1::ObjectReference& target = address.targetRef.ensure();
  target.kind = "Pod";
  target.namespace_ = pod.metadata.namespace_;
  target.name = pod.metadata.name;
  target.uid = pod.metadata.uid;
  if (publishes_hostname(pod, service)) address.hostname = pod.spec.hostname;
  return address;
}

api::List<EndpointSubset> subsets_of(const Observed& observed) {
  const corev1::Service& service = *observed.service;
  const bool publish = service.spec.publishNotReadyAddresses;
  api::List<EndpointSubset> subsets;
  for (const auto& pod : observed.pods) {
    if (!belongs_in_endpoints(*pod, publish)) continue;
    const auto address = endpoint_of(service, *pod);
    if (!address) continue;
    const auto add = [&]() -> EndpointSubset& {
      EndpointSubset& subset = subsets.emplace_back();
      (publish || is_ready(*pod) ? subset.addresses : subset.notReadyAddresses).push_back(*address);
      return subset;
    };
    if (service.spec.ports.empty() && service.spec.clusterIP == "None") add();
    for (const corev1::ServicePort& port : service.spec.ports) {
      const auto number = find_port(*pod, port);
      if (!number) continue;
      corev1::EndpointPort& made = add().ports.emplace_back();
      made.name = port.name;
      made.port = *number;
      made.protocol = port.protocol;
      made.appProtocol = port.appProtocol;
    }
  }
  return repack(subsets);
}

template <class Count>
std::size_t total(const api::List<EndpointSubset>& subsets, Count count) {
  std::size_t sum = 0;
  for (const EndpointSubset& subset : subsets) sum += count(subset);
  return sum;
}
std::size_t ready_in(const EndpointSubset& subset) { return subset.addresses.size(); }
std::size_t not_ready_in(const EndpointSubset& subset) { return subset.notReadyAddresses.size(); }
std::size_t all_in(const api::List<EndpointSubset>& subsets) { return total(subsets, ready_in) + total(subsets, not_ready_in); }

void shorten(api::List<EndpointAddress>& addresses, std::size_t most) {
  if (addresses.size() > most) addresses = api::List<EndpointAddress>(addresses.begin(), addresses.begin() + most);
}

// Each subset gets its share, rounded up while there is room; ready addresses go before those that are not.
bool truncate(api::List<EndpointSubset>& subsets) {
  if (all_in(subsets) <= capacity) return false;
  const std::size_t ready = total(subsets, ready_in);
  const bool of_ready = ready > capacity;
  const std::size_t most = of_ready ? capacity : capacity - ready, candidates = of_ready ? ready : total(subsets, not_ready_in);
  std::size_t room = most;
  for (EndpointSubset& subset : subsets) {
    auto& list = of_ready ? subset.addresses : subset.notReadyAddresses;
    const auto share = static_cast<std::size_t>(std::ceil(static_cast<double>(list.size()) / static_cast<double>(candidates) * static_cast<double>(most)));
    shorten(list, std::min(share, room));
    if (of_ready) subset.notReadyAddresses.clear();
    room -= list.size();
  }
  return true;
}

api::Map<api::Str> without_own_labels(api::Map<api::Str> labels) {
  labels.erase(headless_label);
  return labels;
}

api::Map<api::Str> wanted_labels(const corev1::Service& service) {
  api::Map<api::Str> labels = service.metadata.labels;
  labels.set(managed_by_label, manager);
  return labels;
}

bool same_subsets(api::List<EndpointSubset> a, const api::List<EndpointSubset>& b) {
  for (EndpointSubset& subset : a)
    for (auto* list : {&subset.addresses, &subset.notReadyAddresses})
      for (EndpointAddress& address : *list)
        if (address.targetRef) address.targetRef->resourceVersion.reset();
  return a == b;
}

bool fits(const Endpoints& current, const corev1::Service& service, const api::List<EndpointSubset>& subsets) {
  return same_subsets(current.subsets, subsets) && without_own_labels(current.metadata.labels) == without_own_labels(wanted_labels(service)) &&
         all_in(current.subsets) <= capacity && !current.metadata.annotations.contains(over_capacity);
}

std::shared_ptr<Endpoints> next_endpoints(const Observed& observed, api::List<EndpointSubset> subsets) {
  const corev1::Service& service = *observed.service;
  auto next = observed.current ? std::make_shared<Endpoints>(*observed.current) : std::make_shared<Endpoints>();
  next->metadata.name = service.metadata.name;
  next->metadata.namespace_ = service.metadata.namespace_;
  next->metadata.labels = wanted_labels(service);
  next->subsets = std::move(subsets);
  annotate_trigger_time(next->metadata, observed.trigger_time);
  if (truncate(next->subsets))
    next->metadata.annotations.set(over_capacity, "truncated");
  else
    next->metadata.annotations.erase(over_capacity);
  if (is_service_ip_set(service))
    next->metadata.labels.erase(headless_label);
  else
    next->metadata.labels.set(headless_label, "");
  return next;
}

}  // namespace

Plan decide(const Observed& observed) {
  api::List<EndpointSubset> subsets = subsets_of(observed);
  if (observed.current && fits(*observed.current, *observed.service, subsets)) return {};
  const auto next = next_endpoints(observed, std::move(subsets));
  const std::string key = informer::object_key(*observed.service);
  Plan plan;
  Action& action = plan.act(observed.current ? informer::update_request(next) : informer::create_request(next));
  if (observed.current)
    action.on_failure = Event{next, informer::event_warning, "FailedToUpdateEndpoint", "Failed to update endpoint " + key + ": {}"};
  else
    action.on_failure = Event{next, informer::event_warning, "FailedToCreateEndpoint", "Failed to create endpoint for service " + key + ": {}"};
  return plan;
}

}  // namespace plumb::controllers::endpoints
