#include "reference/apiserver/services/repair.h"

#include <algorithm>

#include "harness/base/log.h"
#include "reference/apiserver/services/service_allocator.h"
#include "reference/resources/services/service_rules.h"

namespace plumb::apiserver {
namespace {

constexpr Duration young = std::chrono::seconds(60);  // the Service of an address may still be on its way
constexpr int patience = 3;
constexpr std::string_view address_component = "ipallocator-repair-controller", port_component = "portallocator-repair-controller";

bool refers_to_service(const networkingv1::IPAddress& address) {
  return address.spec.parentRef && address.spec.parentRef->group.empty() && address.spec.parentRef->resource == "services";
}

bool is_marked(const networkingv1::IPAddress& address, const api::Ip& ip) {
  const auto& labels = address.metadata.labels;
  return labels.get("ipaddress.kubernetes.io/ip-family") == ip.family() && labels.get("ipaddress.kubernetes.io/managed-by") == address_manager;
}

bool has_ip(const corev1::Service& service, const api::Str& ip) {
  const auto& ips = service.spec.clusterIPs;
  return std::find(ips.begin(), ips.end(), ip) != ips.end();
}

std::string name_of(const corev1::Service& service) { return service.metadata.namespace_.str() + "/" + service.metadata.name.str(); }
std::string with_family(const api::Ip& ip) { return "[" + std::string(ip.family()) + "]: " + ip.text(); }

}  // namespace

void RepairAddresses::run() {
  auto& registry = calls_.registry();
  for (const api::ObjectPtr& object : registry.list(corev1::Service::info(), "")) {
    const auto& service = static_cast<const corev1::Service&>(*object);
    if (resources::is_headless(service.spec)) continue;
    for (const api::Str& ip : service.spec.clusterIPs) look_at(service, ip);
  }
  for (const api::ObjectPtr& object : registry.list(networkingv1::IPAddress::info(), "")) look_at(static_cast<const networkingv1::IPAddress&>(*object));
}

void RepairAddresses::look_at(const corev1::Service& service, const api::Str& text) {
  auto& registry = calls_.registry();
  const auto ip = api::Ip::parse(text);
  if (!ip) return complain(service, "ClusterIPNotValid", "Cluster IP " + text.str() + " is not a valid IP; please recreate Service");
  if (!in_a_range(*ip))
    return complain(service, "ClusterIPOutOfRange", "Cluster IP " + with_family(*ip) + " is not within any configured Service CIDR; please recreate service");
  const auto address = registry.get<networkingv1::IPAddress>("", ip->text());
  if (!address) {
    complain(service, "ClusterIPNotAllocated", "Cluster IP " + with_family(*ip) + " is not allocated; repairing");
    (void)calls_.create(address_object(*ip, service.metadata.namespace_, service.metadata.name));
    return;
  }
  const auto wrong = [&] {
    complain(service, "ClusterIPNotAllocated", "the ClusterIP " + with_family(*ip) + " for Service " + name_of(service) + " has a wrong reference; repairing");
    recreate(*ip, service);
  };
  if (!refers_to_service(*address)) return wrong();
  const auto& parent = *address->spec.parentRef;
  if (parent.namespace_ != service.metadata.namespace_ || parent.name != service.metadata.name) {
    const auto other = registry.get<corev1::Service>(parent.namespace_, parent.name);
    if (!other) return wrong();
    if (has_ip(*other, text))
      return complain(service, "ClusterIPAlreadyAllocated", "Cluster IP [" + std::string(ip->family()) + "]:" + ip->text() +
                                                                " was assigned to multiple services; please recreate service");
  }
  if (!is_marked(*address, *ip)) recreate(*ip, service);
}

void RepairAddresses::look_at(const networkingv1::IPAddress& address) {
  if (address.metadata.labels.get("ipaddress.kubernetes.io/managed-by") != address_manager) return;
  auto& registry = calls_.registry();
  const std::string name = address.metadata.name.str();
  const auto clean = [&](std::string_view reason, const std::string& message) {
    complain(address, reason, message);
    (void)calls_.remove(networkingv1::IPAddress::info(), {"", name});
  };
  if (!refers_to_service(address))
    return clean("IPAddressNotAllocated", "IPAddress " + name + " appears to have been modified, not referencing a Service: cleaning up");
  const std::string parent = address.spec.parentRef->namespace_.str() + "/" + address.spec.parentRef->name.str();
  const auto service = registry.get<corev1::Service>(address.spec.parentRef->namespace_, address.spec.parentRef->name);
  if (!service) {
    if (registry.clock().wall() - address.metadata.creationTimestamp.wall() <= young) return;
    return clean("IPAddressNotAllocated", "IPAddress: " + name + " for Service " + parent + " appears to have leaked: cleaning up");
  }
  if (!has_ip(*service, address.metadata.name)) clean("IPAddressWrongReference", "IPAddress: " + name + " for Service " + parent + " has a wrong reference; cleaning up");
}

bool RepairAddresses::in_a_range(const api::Ip& ip) const {
  const Registry& registry = calls_.registry();
  for (const api::ObjectPtr& object : registry.list(networkingv1::ServiceCIDR::info(), ""))
    for (const api::Str& text : static_cast<const networkingv1::ServiceCIDR&>(*object).spec.cidrs)
      if (const auto range = api::IpRange::parse(text); range && range->contains(ip)) return true;
  return false;
}

void RepairAddresses::recreate(const api::Ip& ip, const corev1::Service& service) {
  if (!calls_.remove(networkingv1::IPAddress::info(), {"", ip.text()}).ok()) return;
  (void)calls_.create(address_object(ip, service.metadata.namespace_, service.metadata.name));
}

void RepairAddresses::complain(const api::Object& about, std::string_view reason, const std::string& message) {
  log::warning("apiserver", message);
  calls_.warn(about, address_component, reason, message);
}

Status RepairNodePorts::run() {
  PLUMB_TRY(ports_.load(store_));
  const auto before = ports_.begin();
  std::set<std::int32_t> keep = used(before);
  std::map<std::int32_t, int> leaks;
  for (const std::int32_t port : before.taken()) {
    if (keep.contains(port)) continue;
    const auto seen = leaks_.find(port);
    const int left = seen == leaks_.end() ? patience - 1 : seen->second;
    if (left == 0) {
      log::warning("apiserver", "the node port " + std::to_string(port) + " appears to have leaked: cleaning up");
      continue;
    }
    leaks.emplace(port, left - 1);
    keep.insert(port);
  }
  leaks_ = std::move(leaks);
  if (keep == before.taken()) return {};
  const Companions companions = ports_.replace(keep, before);
  store::Txn txn;
  txn.guards = companions.guards;
  txn.ops = companions.ops;
  const auto response = PLUMB_TRY(store_.txn(std::move(txn)));
  companions.settled(response, 0);
  return {};
}

std::set<std::int32_t> RepairNodePorts::used(const NodePorts::Change& seen) {
  std::set<std::int32_t> ports;
  for (const api::ObjectPtr& object : calls_.registry().list(corev1::Service::info(), "")) {
    const auto& service = static_cast<const corev1::Service&>(*object);
    std::set<std::int32_t> mine;
    for (const std::int32_t port : ports_of(service.spec)) {
      if (!mine.insert(port).second) continue;
      const std::string text = std::to_string(port);
      if (port < ports_.range().first || port > ports_.range().last)
        complain(service, "PortOutOfRange", "Port " + text + " is not within the port range " + ports_.range().text() + "; please recreate service");
      else if (!ports.insert(port).second)
        complain(service, "PortAlreadyAllocated", "Port " + text + " was assigned to multiple services; please recreate service");
      else if (!seen.has(port) && !is_given_out(port))
        complain(service, "PortNotAllocated", "Port " + text + " is not allocated; repairing");
    }
  }
  return ports;
}

// The Service may be newer than what was read of the ports: they are read again.
bool RepairNodePorts::is_given_out(std::int32_t port) { return ports_.load(store_).ok() && ports_.begin().has(port); }

void RepairNodePorts::complain(const corev1::Service& service, std::string_view reason, const std::string& message) {
  log::warning("apiserver", name_of(service) + ": " + message);
  calls_.warn(service, port_component, reason, message);
}

}  // namespace plumb::apiserver
