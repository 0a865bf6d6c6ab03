#include "reference/apiserver/services/kubernetes_service.h"

#include <algorithm>

#include "reference/api/codec/protobuf.h"
#include "reference/api/types/discoveryv1.h"
#include "reference/api/types/networkingv1.h"
#include "reference/api/walk.h"

namespace plumb::apiserver {
namespace {

constexpr const char* name = "kubernetes";
constexpr const char* home = "default";
constexpr const char* leases_prefix = "/registry/masterleases/";
constexpr std::chrono::seconds key_lifetime{15};

Status done(const ApiResult<CachedPtr>& result) {
  if (result.ok() || result.status().reason == metav1::StatusReasonAlreadyExists) return {};
  return status::to_error(result.status());
}

std::shared_ptr<networkingv1::ServiceCIDR> service_range(const std::vector<api::IpRange>& ranges) {
  auto made = std::make_shared<networkingv1::ServiceCIDR>();
  made->metadata.name = name;
  for (const api::IpRange& range : ranges) made->spec.cidrs.push_back(range.text());
  return made;
}

std::shared_ptr<corev1::Service> service(const api::IpRange& range, std::uint16_t target) {
  auto made = std::make_shared<corev1::Service>();
  made->metadata.name = name;
  made->metadata.namespace_ = home;
  made->metadata.labels.set("component", "apiserver");
  made->metadata.labels.set("provider", "kubernetes");
  made->spec.clusterIP = api::Ip{range.network.v6, range.network.number + 1}.text();
  made->spec.ipFamilyPolicy = "SingleStack";
  made->spec.sessionAffinity = "None";
  made->spec.type = "ClusterIP";
  corev1::ServicePort& port = made->spec.ports.emplace_back();
  port.name = "https";
  port.protocol = "TCP";
  port.port = 443;
  port.targetPort = static_cast<std::int32_t>(target);
  return made;
}

std::shared_ptr<corev1::Endpoints> endpoints(const std::vector<std::string>& addresses, std::uint16_t target) {
  auto made = std::make_shared<corev1::Endpoints>();
  made->metadata.name = name;
  made->metadata.namespace_ = home;
  // Its slice is written here.
  made->metadata.labels.set("endpointslice.kubernetes.io/skip-mirror", "true");
  corev1::EndpointSubset& subset = made->subsets.emplace_back();
  for (const std::string& address : addresses) subset.addresses.emplace_back().ip = address;
  corev1::EndpointPort& port = subset.ports.emplace_back();
  port.name = "https";
  port.port = target;
  port.protocol = "TCP";
  return made;
}

std::shared_ptr<discoveryv1::EndpointSlice> slice_of(const corev1::Endpoints& all) {
  auto made = std::make_shared<discoveryv1::EndpointSlice>();
  made->metadata.name = name;
  made->metadata.namespace_ = home;
  made->metadata.labels.set("kubernetes.io/service-name", name);
  const auto& subset = all.subsets.front();
  const auto v6 = [](const corev1::EndpointAddress& each) { return each.ip.view().find(':') != std::string_view::npos; };
  const bool all_v6 = std::all_of(subset.addresses.begin(), subset.addresses.end(), v6);
  made->addressType = all_v6 ? "IPv6" : "IPv4";
  for (const auto& each : subset.addresses) {
    if (v6(each) != all_v6) continue;
    auto& endpoint = made->endpoints.emplace_back();
    endpoint.addresses.push_back(each.ip);
    endpoint.conditions.ready = true;
  }
  for (const auto& each : subset.ports) {
    auto& port = made->ports.emplace_back();
    port.name = each.name;
    port.port = each.port;
    port.protocol = each.protocol;
  }
  return made;
}

}  // namespace

Status KubernetesService::ensure_range() {
  auto& registry = calls_.registry();
  if (!registry.get<networkingv1::ServiceCIDR>("", name)) PLUMB_TRY(done(calls_.create(service_range(options_.ranges))));
  const auto wanted = service_range(options_.ranges);
  const WallTime now = registry.clock().wall();
  return done(calls_.change(networkingv1::ServiceCIDR::info(), {"", name}, "status", [&](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
    auto next = std::make_shared<networkingv1::ServiceCIDR>(static_cast<const networkingv1::ServiceCIDR&>(current));
    const auto& conditions = next->status.conditions;
    const bool judged = std::any_of(conditions.begin(), conditions.end(), [](const auto& each) { return each.type == "Ready"; });
    if (!judged && !next->metadata.deletionTimestamp && next->spec.cidrs == wanted->spec.cidrs) {
      metav1::Condition& ready = next->status.conditions.emplace_back();
      ready.type = "Ready";
      ready.status = metav1::ConditionTrue;
      ready.message = "Kubernetes default Service CIDR is ready";
      ready.lastTransitionTime = api::Time::from(now);
    }
    return std::shared_ptr<api::Object>(std::move(next));
  }));
}

Status KubernetesService::ensure_service() {
  if (calls_.registry().get<corev1::Service>(home, name)) return {};
  return done(calls_.create(service(options_.ranges.front(), options_.port)));
}

Status KubernetesService::renew() {
  PLUMB_TRY(ensure_range());
  PLUMB_TRY(ensure_service());
  if (!options_.advertised) return {};
  PLUMB_TRY(renew_key());
  const auto addresses = PLUMB_TRY(living());
  return write_endpoints(addresses);
}

void KubernetesService::leave() {
  if (!lease_) return;
  (void)store_.lease_revoke(lease_);
  lease_ = 0;
  const auto others = living();
  if (others.ok() && !others->empty()) (void)write_endpoints(*others);
}

Status KubernetesService::renew_key() {
  const std::string key = leases_prefix + options_.advertised->text();
  if (lease_ && store_.lease_keepalive(lease_).ok()) {
    const auto held = PLUMB_TRY(store_.get(key));
    if (held.kv && held.kv->lease == lease_) return {};
  }
  lease_ = PLUMB_TRY(store_.lease_grant(key_lifetime));
  std::string bytes;
  api::encode_protobuf(*endpoints({options_.advertised->text()}, options_.port), bytes);
  PLUMB_TRY(store_.txn(store::Txn::put(key, store::bytes(std::move(bytes)), lease_)));
  return {};
}

// By their keys: every API server of this store whose key has not run out, in the order of their addresses.
Result<std::vector<std::string>> KubernetesService::living() const {
  store::ListRequest request;
  request.prefix = leases_prefix;
  request.keys_only = true;
  const auto listed = PLUMB_TRY(store_.list(request));
  std::vector<std::string> addresses;
  for (const store::KeyValue& each : listed.kvs) addresses.push_back(each.key.substr(request.prefix.size()));
  return addresses;
}

Status KubernetesService::write_endpoints(const std::vector<std::string>& addresses) {
  const auto wanted = endpoints(addresses, options_.port);
  const auto held = calls_.registry().get<corev1::Endpoints>(home, name);
  if (!held) {
    PLUMB_TRY(done(calls_.create(wanted)));
  } else if (!(held->subsets == wanted->subsets) || held->metadata.labels.get("endpointslice.kubernetes.io/skip-mirror") != "true") {
    PLUMB_TRY(done(calls_.change(corev1::Endpoints::info(), {home, name}, {}, [&](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
      auto next = std::make_shared<corev1::Endpoints>(static_cast<const corev1::Endpoints&>(current));
      next->subsets = wanted->subsets;
      next->metadata.labels.set("endpointslice.kubernetes.io/skip-mirror", "true");
      return std::shared_ptr<api::Object>(std::move(next));
    })));
  }
  return write_slice(*wanted);
}

Status KubernetesService::write_slice(const corev1::Endpoints& all) {
  const auto wanted = slice_of(all);
  const auto held = calls_.registry().get<discoveryv1::EndpointSlice>(home, name);
  if (held && held->addressType != wanted->addressType) PLUMB_TRY(calls_.remove(discoveryv1::EndpointSlice::info(), {home, name}));
  if (!held || held->addressType != wanted->addressType) return done(calls_.create(wanted));
  if (held->endpoints == wanted->endpoints && held->ports == wanted->ports && held->metadata.labels == wanted->metadata.labels) return {};
  return done(calls_.change(discoveryv1::EndpointSlice::info(), {home, name}, {}, [&](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
    auto next = std::make_shared<discoveryv1::EndpointSlice>(static_cast<const discoveryv1::EndpointSlice&>(current));
    next->endpoints = wanted->endpoints;
    next->ports = wanted->ports;
    next->metadata.labels = wanted->metadata.labels;
    return std::shared_ptr<api::Object>(std::move(next));
  }));
}

}  // namespace plumb::apiserver
