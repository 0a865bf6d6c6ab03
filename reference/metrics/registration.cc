#include "reference/metrics/registration.h"

#include "reference/api/text/ip.h"
#include "reference/api/text/names.h"
#include "reference/api/types/apiregistrationv1.h"
#include "reference/api/types/corev1.h"
#include "reference/api/types/discoveryv1.h"

namespace plumb::metrics_api {
namespace {

using apiregistrationv1::APIService;

constexpr const char *managed_by = "app.kubernetes.io/managed-by", *ours = "plumbline";
constexpr std::int32_t service_port = 443;

void name(metav1::ObjectMeta& metadata, const std::string& text, const std::string& namespace_ = {}) {
  metadata.name = text;
  metadata.namespace_ = namespace_;
  metadata.labels.set(managed_by, ours);
}

bool reachable_by_ip(const Registration& wanted) { return api::Ip::parse(wanted.address) && api::check_ordinary_ip(wanted.address).empty(); }

std::shared_ptr<corev1::Service> service_of(const Registration& wanted) {
  auto made = std::make_shared<corev1::Service>();
  name(made->metadata, wanted.service, wanted.namespace_);
  made->metadata.labels.set("k8s-app", wanted.service);
  if (!reachable_by_ip(wanted)) {
    made->spec.type = corev1::ServiceTypeExternalName;
    made->spec.externalName = "localhost";
    return made;
  }
  corev1::ServicePort& port = made->spec.ports.emplace_back();
  port.name = "https";
  port.protocol = "TCP";
  port.port = service_port;
  port.targetPort = static_cast<std::int32_t>(wanted.port);
  return made;
}

std::shared_ptr<discoveryv1::EndpointSlice> slice_of(const Registration& wanted) {
  auto made = std::make_shared<discoveryv1::EndpointSlice>();
  name(made->metadata, wanted.service, wanted.namespace_);
  made->metadata.labels.set("kubernetes.io/service-name", wanted.service);
  made->metadata.labels.set("endpointslice.kubernetes.io/managed-by", ours);
  made->addressType = api::Ip::parse(wanted.address)->v6 ? "IPv6" : "IPv4";
  discoveryv1::Endpoint& endpoint = made->endpoints.emplace_back();
  endpoint.addresses.push_back(api::Str(wanted.address));
  endpoint.conditions.ready = true;
  discoveryv1::EndpointPort& port = made->ports.emplace_back();
  port.name = api::Str("https");
  port.protocol = api::Str("TCP");
  port.port = static_cast<std::int32_t>(wanted.port);
  return made;
}

std::shared_ptr<APIService> api_service(const Registration& wanted, const RegisteredVersion& version) {
  auto made = std::make_shared<APIService>();
  name(made->metadata, version.version + "." + version.group);
  made->spec.group = version.group;
  made->spec.version = version.version;
  made->spec.groupPriorityMinimum = version.group_priority;
  made->spec.versionPriority = version.version_priority;
  made->spec.caBundle = api::Bytes(wanted.ca_pem);
  auto& service = made->spec.service.ensure();
  service.namespace_ = wanted.namespace_;
  service.name = wanted.service;
  service.port = reachable_by_ip(wanted) ? service_port : static_cast<std::int32_t>(wanted.port);
  return made;
}

// `same` tells whether what is there will do; `renew` makes it so, by what is wanted.
template <class T, class Same, class Renew>
Status ensure(informer::Client& client, const std::shared_ptr<T>& wanted, Same same, Renew renew) {
  const auto present = client.get<T>(wanted->metadata.namespace_.view(), wanted->metadata.name.view());
  if (!present.ok() && !informer::is_not_found(present.error())) return present.error();
  if (!present.ok()) {
    const auto made = client.create<T>(wanted);
    if (made.ok() || informer::is_already_exists(made.error())) return {};
    return made.error();
  }
  const api::Str* manager = (*present)->metadata.labels.find(managed_by);
  if (!manager || *manager != ours || same(**present)) return {};
  auto next = std::make_shared<T>(**present);
  renew(*next);
  const auto written = client.update<T>(next);
  if (!written.ok() && !informer::is_conflict(written.error())) return written.error();
  return {};
}

}  // namespace

Status register_api(informer::Client& client, const Registration& wanted) {
  const auto in = [&](Status status, const char* what) { return status.ok() ? std::move(status) : Status(std::move(status).error().in(std::string("registering ") + wanted.service + ": " + what)); };
  const auto service = service_of(wanted);
  PLUMB_TRY(in(ensure(client, service,
                      [&](const corev1::Service& there) {
                        return there.spec.externalName == service->spec.externalName &&
                               (there.spec.ports.empty() ? service->spec.ports.empty() : !service->spec.ports.empty() && there.spec.ports[0].targetPort == service->spec.ports[0].targetPort);
                      },
                      [&](corev1::Service& next) {
                        next.spec.type = service->spec.type.empty() ? api::Str(corev1::ServiceTypeClusterIP) : service->spec.type;
                        next.spec.externalName = service->spec.externalName;
                        next.spec.ports = service->spec.ports;
                      }),
               "its Service"));
  if (reachable_by_ip(wanted)) {
    const auto slice = slice_of(wanted);
    PLUMB_TRY(in(ensure(client, slice, [&](const discoveryv1::EndpointSlice& there) { return there.endpoints == slice->endpoints && there.ports == slice->ports; },
                        [&](discoveryv1::EndpointSlice& next) {
                          next.endpoints = slice->endpoints;
                          next.ports = slice->ports;
                        }),
                 "its EndpointSlice"));
  }
  for (const RegisteredVersion& version : wanted.versions) {
    const auto registered = api_service(wanted, version);
    PLUMB_TRY(in(ensure(client, registered, [&](const APIService& there) { return there.spec == registered->spec; }, [&](APIService& next) { next.spec = registered->spec; }),
                 "an APIService"));
  }
  return {};
}

}  // namespace plumb::metrics_api
