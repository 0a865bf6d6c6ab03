#include "reference/dns/service_view.h"

#include <algorithm>

#include "reference/dns/record.h"

namespace plumb::dns {
namespace {

constexpr std::size_t max_label = 63;

std::string dashed(const api::Ip& ip) {
  std::string text = ip.text();
  std::replace(text.begin(), text.end(), ip.v6 ? ':' : '.', '-');
  return text;
}

PortView port_view(std::string_view name, std::string_view protocol, std::int32_t port) {
  return {lower(name), protocol.empty() ? "tcp" : lower(protocol), static_cast<std::uint16_t>(port)};
}

bool is_port(std::int32_t port) { return port > 0 && port < 65536; }

EndpointGroup group_of(const discoveryv1::EndpointSlice& slice) {
  EndpointGroup group;
  for (const discoveryv1::EndpointPort& port : slice.ports)
    if (port.port && is_port(*port.port)) group.ports.push_back(port_view(port.name ? port.name->view() : std::string_view(), port.protocol ? port.protocol->view() : std::string_view(), *port.port));
  for (const discoveryv1::Endpoint& endpoint : slice.endpoints) {
    if (!endpoint.conditions.ready.value_or(true)) continue;
    const bool named = endpoint.hostname && !endpoint.hostname->empty() && endpoint.hostname->view().size() <= max_label;
    for (const api::Str& address : endpoint.addresses)
      if (const auto ip = api::Ip::parse(address)) group.endpoints.push_back({named ? lower(*endpoint.hostname) : dashed(*ip), named, *ip});
  }
  return group;
}

}  // namespace

std::shared_ptr<const ServiceView> view_of(const corev1::Service& service, const std::vector<SlicePtr>& slices) {
  const corev1::ServiceSpec& spec = service.spec;
  auto view = std::make_shared<ServiceView>();
  view->namespace_ = service.metadata.namespace_.str();
  view->name = service.metadata.name.str();
  if (spec.type == "ExternalName") {
    view->kind = ServiceView::Kind::external;
    view->external_name = lower(spec.externalName);
    if (view->external_name.ends_with('.')) view->external_name.pop_back();
    if (view->external_name.empty() || api::Ip::parse(view->external_name)) return nullptr;
    return view;
  }
  view->kind = spec.clusterIP == "None" ? ServiceView::Kind::headless : ServiceView::Kind::cluster;
  if (view->kind == ServiceView::Kind::cluster) {
    for (const api::Str& text : spec.clusterIPs)
      if (const auto ip = api::Ip::parse(text)) view->ips.push_back(*ip);
    if (const auto ip = api::Ip::parse(spec.clusterIP); ip && view->ips.empty()) view->ips.push_back(*ip);
    for (const corev1::ServicePort& port : spec.ports)
      if (is_port(port.port)) view->ports.push_back(port_view(port.name, port.protocol, port.port));
  }
  std::vector<const discoveryv1::EndpointSlice*> ordered;
  for (const SlicePtr& slice : slices)
    if (slice->addressType != "FQDN") ordered.push_back(slice.get());
  std::sort(ordered.begin(), ordered.end(), [](const auto* a, const auto* b) { return a->metadata.name < b->metadata.name; });
  for (const auto* slice : ordered)
    if (EndpointGroup group = group_of(*slice); !group.endpoints.empty()) view->groups.push_back(std::move(group));
  return view;
}

}  // namespace plumb::dns
