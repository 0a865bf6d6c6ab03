#include "reference/controllers/endpointslice/decide.h"

#include <algorithm>
#include <map>
#include <set>

#include "reference/controllers/endpointslice/hints.h"
#include "reference/controllers/endpointslice/pack.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pods.h"
#include "reference/controllers/framework/service_endpoints.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::endpointslice {
namespace {

using discoveryv1::Endpoint;
using discoveryv1::EndpointPort;
using discoveryv1::EndpointSlice;

constexpr std::string_view zone_label = "topology.kubernetes.io/zone";

bool is_v6(std::string_view address) { return address.find(':') != address.npos; }
bool is_reserved(std::string_view label) { return label == service_name_label || label == managed_by_label || label == headless_label; }

bool is_owned(const EndpointSlice& slice, const corev1::Service& service) {
  const auto& owners = slice.metadata.ownerReferences;
  return std::any_of(owners.begin(), owners.end(), [&](const auto& owner) { return owner.uid == service.metadata.uid && owner.kind == "Service" && owner.apiVersion == "v1"; });
}

std::vector<std::string> address_types(const corev1::ServiceSpec& spec) {
  std::vector<std::string> types;
  for (const api::Str& family : spec.ipFamilies) types.push_back(family.str());
  if (!types.empty()) return types;
  if (!spec.clusterIP.empty() && spec.clusterIP != "None") return {is_v6(spec.clusterIP) ? "IPv6" : "IPv4"};
  return {"IPv4", "IPv6"};
}

api::Map<api::Str> own_labels(const api::Map<api::Str>& labels) {
  api::Map<api::Str> out;
  for (const auto& [key, value] : labels)
    if (!is_reserved(key)) out.set(key, value);
  return out;
}

// The Service's labels, beside those that are this controller's. True when the Service's were others.
bool relabel(EndpointSlice& slice, const corev1::Service& service) {
  api::Map<api::Str> labels = own_labels(service.metadata.labels);
  const bool changed = !(own_labels(slice.metadata.labels) == labels);
  if (!is_service_ip_set(service)) labels.set(headless_label, "");
  labels.set(service_name_label, service.metadata.name);
  labels.set(managed_by_label, manager);
  slice.metadata.labels = std::move(labels);
  return changed;
}

api::List<EndpointPort> ports_of(const corev1::Service& service, const corev1::Pod& pod) {
  api::List<EndpointPort> ports;
  for (const corev1::ServicePort& port : service.spec.ports) {
    const auto number = find_port(pod, port);
    if (!number) continue;
    EndpointPort& made = ports.emplace_back();
    made.name = port.name;
    made.port = *number;
    made.protocol = port.protocol;
    made.appProtocol = port.appProtocol;
  }
  return ports;
}

Endpoint endpoint_of(const corev1::Pod& pod, const corev1::Node* node, const corev1::Service& service, std::string_view type) {
  Endpoint endpoint;
  for (const corev1::PodIP& ip : pod.status.podIPs)
    if (is_v6(ip.ip) == (type == "IPv6")) endpoint.addresses.push_back(ip.ip);
  const bool serving = is_ready(pod), terminating = pod.metadata.deletionTimestamp.set;
  endpoint.conditions.ready = service.spec.publishNotReadyAddresses || (serving && !terminating);
  endpoint.conditions.serving = serving;
  endpoint.conditions.terminating = terminating;
  corev1::ObjectReference& target = endpoint.targetRef.ensure();
  target.kind = "Pod";
  target.namespace_ = pod.metadata.namespace_;
  target.name = pod.metadata.name;
  target.uid = pod.metadata.uid;
  if (!pod.spec.nodeName.empty()) endpoint.nodeName = pod.spec.nodeName;
  if (const api::Str* zone = node ? node->metadata.labels.find(zone_label) : nullptr; zone && !zone->empty()) endpoint.zone = *zone;
  if (publishes_hostname(pod, service)) endpoint.hostname = pod.spec.hostname;
  return endpoint;
}

// Endpoints that have the same ports, and the slices of those ports.
struct Group {
  api::List<EndpointPort> ports;
  std::vector<Endpoint> wanted;
  std::set<std::string> identities;
  std::vector<SlicePtr> slices;
  bool desired = false;
};

class Decision {
 public:
  explicit Decision(const Observed& observed) : observed_(observed), service_(*observed.service) {}

  Plan run() {
    const auto types = address_types(service_.spec);
    SliceChanges all;
    for (const SlicePtr& slice : observed_.slices)
      if (std::find(types.begin(), types.end(), slice->addressType.view()) == types.end()) all.remove.push_back(slice);
    for (const std::string& type : types) {
      SliceChanges changes = of_type(type);
      all.create.insert(all.create.end(), changes.create.begin(), changes.create.end());
      all.update.insert(all.update.end(), changes.update.begin(), changes.update.end());
      all.remove.insert(all.remove.end(), changes.remove.begin(), changes.remove.end());
    }
    for (const NewSlice& slice : all.create) annotate_trigger_time(slice->metadata, observed_.trigger_time);
    for (const NewSlice& slice : all.update) annotate_trigger_time(slice->metadata, observed_.trigger_time);
    const std::string key = informer::object_key(service_);
    Plan plan = write(all, key, service_.metadata.deletionTimestamp.set);
    for (Stage& stage : plan.stages)
      for (Action& action : stage.actions) action.on_failure = complaint();
    plan.retry = retry_;
    return plan;
  }

 private:
  Event complaint() const {
    return {observed_.service, informer::event_warning, "FailedToUpdateEndpointSlices",
            "Error updating Endpoint Slices for Service " + informer::object_key(service_) + ": {}"};
  }

  SliceChanges of_type(const std::string& type) {
    std::vector<SlicePtr> existing;
    for (const SlicePtr& slice : observed_.slices)
      if (slice->addressType == type) existing.push_back(slice);
    SliceChanges changes;
    std::map<std::string, Group> groups;
    for (const SlicePtr& slice : existing) is_owned(*slice, service_) ? groups[ports_key(slice->ports)].slices.push_back(slice) : changes.remove.push_back(slice);
    for (const PodPtr& pod : observed_.pods) add(*pod, type, groups);
    for (auto& [key, group] : groups) {
      if (!group.desired) {
        changes.remove.insert(changes.remove.end(), group.slices.begin(), group.slices.end());
        continue;
      }
      const Packing packing{observed_.most_endpoints, [&, &ports = group.ports] { return fresh(type, ports); }, [&](EndpointSlice& slice) { return relabel(slice, service_); }};
      pack(packing, group.slices, std::move(group.wanted), changes);
    }
    if (changes.remove.size() == existing.size() && changes.create.empty()) keep_one(type, changes);
    set_hints(service_, existing, changes);
    recycle(changes, [&](const EndpointSlice& slice) { return is_owned(slice, service_); });
    return changes;
  }

  void add(const corev1::Pod& pod, const std::string& type, std::map<std::string, Group>& groups) {
    if (!belongs_in_endpoints(pod, true)) return;
    api::List<EndpointPort> ports = ports_of(service_, pod);
    Group& group = groups[ports_key(ports)];
    group.desired = true;
    group.ports = std::move(ports);
    const NodePtr node = observed_.node(pod.spec.nodeName);
    if (!node && !service_.spec.publishNotReadyAddresses) {
      retry_ = fail(Code::not_found, "skipping Pod " + pod.metadata.name.str() + " for Service " + informer::object_key(service_) + ": Node " +
                                         pod.spec.nodeName.str() + " Not Found");
      return;
    }
    Endpoint endpoint = endpoint_of(pod, node.get(), service_, type);
    if (!endpoint.addresses.empty() && group.identities.insert(identity(endpoint)).second) group.wanted.push_back(std::move(endpoint));
  }

  NewSlice fresh(const std::string& type, const api::List<EndpointPort>& ports) const {
    auto slice = std::make_shared<EndpointSlice>();
    slice->metadata.namespace_ = service_.metadata.namespace_;
    slice->metadata.generateName = slice_name_prefix(service_.metadata.name);
    slice->metadata.ownerReferences.push_back(controller_reference(service_));
    slice->addressType = type;
    slice->ports = ports;
    relabel(*slice, service_);
    return slice;
  }

  // A Service without endpoints has one empty slice.
  void keep_one(const std::string& type, SliceChanges& changes) const {
    NewSlice placeholder = fresh(type, {});
    const auto is_it = [&](const EndpointSlice& slice) {
      return slice.endpoints.empty() && slice.ports.empty() && is_owned(slice, service_) && slice.metadata.labels == placeholder->metadata.labels;
    };
    if (changes.remove.size() == 1 && is_it(*changes.remove.front()))
      changes.remove.clear();
    else
      changes.create.push_back(std::move(placeholder));
  }

  const Observed& observed_;
  const corev1::Service& service_;
  std::optional<Error> retry_;
};

}  // namespace

Plan decide(const Observed& observed) { return Decision(observed).run(); }

}  // namespace plumb::controllers::endpointslice
