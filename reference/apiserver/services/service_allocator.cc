#include "reference/apiserver/services/service_allocator.h"

#include <algorithm>
#include <map>
#include <set>

#include "harness/base/encoding.h"
#include "harness/base/random.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/cache/watch_cache.h"
#include "reference/apiserver/services/ip_families.h"
#include "reference/apiserver/status.h"
#include "reference/resources/services/carry_over.h"
#include "reference/resources/services/service_rules.h"
#include "reference/resources/shared/checks.h"

namespace plumb::apiserver {
namespace {

using resources::FieldErrors;
using resources::FieldPath;

const FieldPath spec_path("spec");

std::string key_of(const api::TypeInfo& type, std::string_view name) { return storage_prefix(*resources::find_by_type(type)) + std::string(name); }

std::string list_text(const api::List<api::Str>& list) {
  std::string out = "[";
  for (const api::Str& each : list) out.append(out.size() > 1 ? "," : "").append(resources::quoted(each));
  return out + "]";
}

metav1::Status invalid(const corev1::Service& service, const FieldErrors& errors) { return status::invalid("", "Service", service.metadata.name, errors); }

bool is_ready(const networkingv1::ServiceCIDR& cidr) {
  return !cidr.metadata.deletionTimestamp && std::any_of(cidr.status.conditions.begin(), cidr.status.conditions.end(), [](const metav1::Condition& condition) {
    return condition.type == "Ready" && condition.status == metav1::ConditionTrue;
  });
}

std::vector<std::int32_t> node_ports_of(const corev1::ServiceSpec& spec) {
  std::vector<std::int32_t> ports;
  for (const auto& port : spec.ports)
    if (port.nodePort) ports.push_back(port.nodePort);
  return ports;
}

}  // namespace

std::vector<std::int32_t> ports_of(const corev1::ServiceSpec& spec) {
  std::vector<std::int32_t> ports = node_ports_of(spec);
  if (resources::has_health_check_port(spec) && spec.healthCheckNodePort) ports.push_back(spec.healthCheckNodePort);
  return ports;
}

std::shared_ptr<networkingv1::IPAddress> address_object(const api::Ip& ip, std::string_view namespace_, std::string_view service) {
  auto made = std::make_shared<networkingv1::IPAddress>();
  made->metadata.name = ip.text();
  made->metadata.labels.set("ipaddress.kubernetes.io/ip-family", ip.family());
  made->metadata.labels.set("ipaddress.kubernetes.io/managed-by", address_manager);
  auto& parent = made->spec.parentRef.ensure();
  parent.resource = "services";
  parent.namespace_ = namespace_;
  parent.name = service;
  return made;
}

// One allocation: what the service becomes, and what goes with it.
class ServiceAllocator::Pass {
 public:
  Pass(ServiceAllocator& allocator, corev1::Service& service, const corev1::Service* before, WallTime now)
      : allocator_(allocator), service_(service), spec_(service.spec), before_(before), now_(now), ports_(allocator.ports_.begin()) {}

  ApiResult<Companions> run() {
    before_ ? resources::keep_allocated(spec_, before_->spec) : resources::complete_cluster_ips(spec_);
    if (auto refused = families()) return std::move(*refused);
    if (!keeps_families(spec_, before_ ? &before_->spec : nullptr))
      if (auto refused = addresses()) return std::move(*refused);
    if (auto refused = node_ports()) return std::move(*refused);
    if (auto refused = health_check_port()) return std::move(*refused);
    companions_.add(allocator_.ports_.write(ports_));
    return std::move(companions_);
  }

 private:
  Refusal families() {
    std::vector<std::string_view> cluster;
    for (const api::IpRange& range : allocator_.ranges_) cluster.push_back(range.network.family());
    FieldErrors errors;
    assign_families(spec_, before_ ? &before_->spec : nullptr, cluster, errors);
    if (errors.empty()) return std::nullopt;
    return invalid(service_, errors);
  }

  Refusal addresses() {
    const bool has = resources::has_cluster_ip(spec_) && !resources::is_headless(spec_);
    const bool had = before_ && resources::has_cluster_ip(before_->spec) && !before_->spec.clusterIPs.empty();
    if (had && resources::is_headless(before_->spec)) return std::nullopt;
    if (had && !resources::has_cluster_ip(spec_)) {
      for (const api::Str& ip : before_->spec.clusterIPs) give_back(ip);
      return std::nullopt;
    }
    if (!has) return std::nullopt;
    // What it has stays; a second family comes or goes.
    for (std::size_t i = had ? before_->spec.clusterIPs.size() : 0; i < spec_.ipFamilies.size(); ++i)
      if (auto refused = address(i)) return refused;
    for (std::size_t i = spec_.ipFamilies.size(); had && i < before_->spec.clusterIPs.size(); ++i) give_back(before_->spec.clusterIPs[i]);
    return std::nullopt;
  }

  Refusal address(std::size_t i) {
    while (spec_.clusterIPs.size() <= i) spec_.clusterIPs.emplace_back();
    const auto ip = spec_.clusterIPs[i].empty() ? any_address(spec_.ipFamilies[i]) : asked_address(spec_.clusterIPs[i]);
    if (!ip.ok()) {
      if (spec_.clusterIPs[i].empty()) return status::internal("failed to allocate a serviceIP: " + ip.error().message);
      FieldErrors errors;
      errors.invalid(spec_path.child("clusterIPs"), list_text(spec_.clusterIPs), "failed to allocate IP " + spec_.clusterIPs[i].str() + ": " + ip.error().message);
      return invalid(service_, errors);
    }
    spec_.clusterIPs[i] = ip->text();
    if (i == 0) spec_.clusterIP = spec_.clusterIPs[0];
    take(*ip);
    return std::nullopt;
  }

  bool taken(const api::Ip& ip) const { return allocator_.cluster_.get(networkingv1::IPAddress::info(), "", ip.text()) != nullptr; }

  Result<api::Ip> any_address(std::string_view family) const {
    for (const api::IpRange& range : allocator_.ready_ranges(family)) {
      const bool v6 = range.network.v6;
      const auto number = address_pool(range).choose([&](PoolNumber candidate) { return taken({v6, candidate}); });
      if (number) return api::Ip{v6, *number};
    }
    return fail(Code::resource_exhausted, "range is full");
  }

  Result<api::Ip> asked_address(const api::Str& text) const {
    const auto ip = api::Ip::parse(text);
    if (!ip) return fail(Code::invalid_argument, "it is no IP address");
    for (const api::IpRange& range : allocator_.ready_ranges(ip->family())) {
      if (!range.contains(*ip)) continue;
      if (!address_pool(range).has(ip->number))
        return fail(Code::invalid_argument, "the provided IP (" + ip->text() + ") is not in the valid range. The range of valid IPs is " + range.text());
      if (taken(*ip)) return fail(Code::already_exists, "provided IP is already allocated");
      return *ip;
    }
    return fail(Code::invalid_argument, "the provided network does not match the current range");
  }

  void take(const api::Ip& ip) {
    const auto object = address_object(ip, service_.metadata.namespace_, service_.metadata.name);
    object->metadata.uid = random_uuid();
    object->metadata.creationTimestamp = api::Time::from(now_);
    object->metadata.generation = 1;
    std::string bytes;
    api::encode_protobuf(*object, bytes);
    const std::string key = key_of(networkingv1::IPAddress::info(), ip.text());
    companions_.guards.push_back({key, 0});
    companions_.ops.push_back({store::Op::Kind::put, key, store::bytes(std::move(bytes)), 0});
  }

 public:
  // Only what is this service's, and as it was seen; the repair looks at the rest.
  void give_back(std::string_view text) {
    const auto ip = api::Ip::parse(text);
    if (!ip) return;
    const auto held = allocator_.cluster_.get<networkingv1::IPAddress>("", ip->text());
    if (!held || !held->spec.parentRef || !held->metadata.finalizers.empty()) return;
    const auto& parent = *held->spec.parentRef;
    if (parent.resource != "services" || parent.namespace_ != service_.metadata.namespace_ || parent.name != service_.metadata.name) return;
    const std::string key = key_of(networkingv1::IPAddress::info(), ip->text());
    companions_.guards.push_back({key, parse_int(held->metadata.resourceVersion).value_or(0)});
    companions_.ops.push_back({store::Op::Kind::remove, key, nullptr, 0});
  }

  Companions leave() {
    for (const api::Str& ip : spec_.clusterIPs) give_back(ip);
    for (const std::int32_t port : ports_of(spec_)) ports_.release(port);
    // With a new service of that name nobody is to meet the addresses of this one.
    const std::string home = service_.metadata.namespace_.str() + "/" + service_.metadata.name.str();
    if (const auto endpoints = allocator_.cluster_.get<corev1::Endpoints>(service_.metadata.namespace_, service_.metadata.name);
        endpoints && endpoints->metadata.finalizers.empty())
      companions_.ops.push_back({store::Op::Kind::remove, key_of(corev1::Endpoints::info(), home), nullptr, 0});
    companions_.add(allocator_.ports_.write(ports_));
    return std::move(companions_);
  }

 private:
  bool wants_node_ports() const {
    return spec_.type == "NodePort" || (spec_.type == "LoadBalancer" && spec_.allocateLoadBalancerNodePorts.value_or(true));
  }

  // At creation ports of one number share theirs, whatever their protocol; later, whatever has the same node port does.
  Refusal node_ports() {
    std::set<std::pair<std::int32_t, std::int32_t>> mine;
    std::map<std::int32_t, std::int32_t> asked;
    for (const std::int32_t port : before_ ? node_ports_of(before_->spec) : std::vector<std::int32_t>()) mine.emplace(0, port);
    for (const auto& port : spec_.ports)
      if (!before_ && port.nodePort) asked.try_emplace(port.port, port.nodePort);
    for (std::size_t i = 0; resources::has_node_ports(spec_) && i < spec_.ports.size(); ++i) {
      auto& port = spec_.ports[i];
      if (port.nodePort == 0 && !wants_node_ports()) continue;
      if (const auto same = asked.find(port.port); port.nodePort == 0 && same != asked.end()) port.nodePort = same->second;
      const std::int32_t number = before_ ? 0 : port.port;
      if (mine.contains({number, port.nodePort})) continue;
      if (auto refused = node_port(port, i)) return refused;
      mine.emplace(number, port.nodePort);
      if (!before_) asked.try_emplace(port.port, port.nodePort);
    }
    const auto now = node_ports_of(spec_);
    for (const std::int32_t port : before_ ? node_ports_of(before_->spec) : std::vector<std::int32_t>())
      if (!resources::has_node_ports(spec_) || std::find(now.begin(), now.end(), port) == now.end()) ports_.release(port);
    return std::nullopt;
  }

  Refusal node_port(corev1::ServicePort& port, std::size_t i) {
    if (port.nodePort) {
      const Status taken = ports_.take(port.nodePort);
      if (taken.ok()) return std::nullopt;
      FieldErrors errors;
      errors.invalid(spec_path.child("ports").index(i).child("nodePort"), std::to_string(port.nodePort), taken.error().message);
      return invalid(service_, errors);
    }
    const auto any = ports_.take_any();
    if (!any.ok()) return status::internal("failed to allocate a nodePort: " + any.error().message);
    port.nodePort = *any;
    return std::nullopt;
  }

  Refusal health_check_port() {
    const bool had = before_ && resources::has_health_check_port(before_->spec), has = resources::has_health_check_port(spec_);
    if (had && !has) ports_.release(before_->spec.healthCheckNodePort);
    if (had || !has) return std::nullopt;
    if (spec_.healthCheckNodePort) {
      const Status taken = ports_.take(spec_.healthCheckNodePort);
      if (taken.ok()) return std::nullopt;
      return status::internal("failed to allocate requested HealthCheck NodePort " + std::to_string(spec_.healthCheckNodePort) + ": " + taken.error().message);
    }
    const auto any = ports_.take_any();
    if (!any.ok()) return status::internal("failed to allocate a HealthCheck NodePort 0: " + any.error().message);
    spec_.healthCheckNodePort = *any;
    return std::nullopt;
  }

  ServiceAllocator& allocator_;
  corev1::Service& service_;
  corev1::ServiceSpec& spec_;
  const corev1::Service* before_;
  const WallTime now_;
  NodePorts::Change ports_;
  Companions companions_;
};

std::vector<api::IpRange> ServiceAllocator::ready_ranges(std::string_view family) const {
  std::vector<api::IpRange> ranges;
  for (const api::ObjectPtr& object : cluster_.list(networkingv1::ServiceCIDR::info(), "")) {
    const auto& cidr = static_cast<const networkingv1::ServiceCIDR&>(*object);
    if (!is_ready(cidr)) continue;
    for (const api::Str& text : cidr.spec.cidrs)
      if (const auto range = api::IpRange::parse(text); range && range->network.family() == family) ranges.push_back(*range);
  }
  return ranges;
}

ApiResult<Companions> ServiceAllocator::allocate(api::Object& next, const api::Object* current, WallTime now) {
  return Pass(*this, static_cast<corev1::Service&>(next), static_cast<const corev1::Service*>(current), now).run();
}

Companions ServiceAllocator::release(const api::Object& gone) {
  const auto service = api::clone(gone);
  return Pass(*this, static_cast<corev1::Service&>(*service), nullptr, {}).leave();
}

bool ServiceAllocator::takes_turns(const api::Object* next, const api::Object* current) const {
  const auto ports = [](const api::Object* object) { return object && resources::has_node_ports(static_cast<const corev1::Service*>(object)->spec); };
  return ports(next) || ports(current);
}

}  // namespace plumb::apiserver
