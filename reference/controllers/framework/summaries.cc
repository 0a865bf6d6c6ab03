#include "reference/controllers/framework/summaries.h"

#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/api/types/discoveryv1.h"
#include "reference/api/types/rbacv1.h"

namespace plumb::controllers {
namespace {

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
  if (const auto* slice = api::as<discoveryv1::EndpointSlice>(object)) return summary(*slice);
  if (const auto* endpoints = api::as<corev1::Endpoints>(object)) return summary(*endpoints);
  if (const auto* volume = api::as<corev1::PersistentVolume>(object)) return summary(*volume);
  if (const auto* claim = api::as<corev1::PersistentVolumeClaim>(object)) return summary(*claim);
  if (const auto* role = api::as<rbacv1::ClusterRole>(object)) return summary(*role);
  return std::nullopt;
}

}  // namespace plumb::controllers
