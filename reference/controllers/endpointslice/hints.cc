#include "reference/controllers/endpointslice/hints.h"

#include <algorithm>

namespace plumb::controllers::endpointslice {
namespace {

using discoveryv1::Endpoint;
using discoveryv1::EndpointHints;
using discoveryv1::EndpointSlice;

// The older way, by an annotation, goes first.
bool asks_for_topology(const corev1::Service& service) {
  const auto& annotations = service.metadata.annotations;
  const api::Str* mode = annotations.find("service.kubernetes.io/topology-aware-hints");
  if (!mode) mode = annotations.find("service.kubernetes.io/topology-mode");
  return mode && (*mode == "Auto" || *mode == "auto");
}

std::string_view distribution(const corev1::Service& service) {
  if (asks_for_topology(service) || !service.spec.trafficDistribution) return {};
  const std::string_view wanted = *service.spec.trafficDistribution;
  return wanted == "PreferClose" || wanted == "PreferSameZone" || wanted == "PreferSameNode" ? wanted : std::string_view();
}

api::Box<EndpointHints> hints_for(const Endpoint& endpoint, std::string_view wanted) {
  if (wanted.empty()) return {};
  // One that is not ready keeps what it has.
  if (!endpoint.conditions.ready.value_or(false)) return endpoint.hints;
  EndpointHints hints;
  if (endpoint.zone) hints.forZones.emplace_back().name = *endpoint.zone;
  if (wanted == "PreferSameNode" && endpoint.nodeName) hints.forNodes.emplace_back().name = *endpoint.nodeName;
  if (hints == EndpointHints()) return {};
  return hints;
}

bool hint(EndpointSlice& slice, std::string_view wanted) {
  bool changed = false;
  for (Endpoint& endpoint : slice.endpoints) {
    api::Box<EndpointHints> hints = hints_for(endpoint, wanted);
    changed |= !(endpoint.hints == hints);
    endpoint.hints = std::move(hints);
  }
  return changed;
}

}  // namespace

void set_hints(const corev1::Service& service, const std::vector<SlicePtr>& existing, SliceChanges& changes) {
  const std::string_view wanted = distribution(service);
  for (const NewSlice& slice : changes.create) hint(*slice, wanted);
  for (const NewSlice& slice : changes.update) hint(*slice, wanted);
  const auto touched = [&](const SlicePtr& slice) {
    const auto same = [&](const auto& each) { return each->metadata.name == slice->metadata.name; };
    return std::any_of(changes.update.begin(), changes.update.end(), same) || std::any_of(changes.remove.begin(), changes.remove.end(), same);
  };
  std::vector<NewSlice> more;
  for (const SlicePtr& slice : existing) {
    if (touched(slice)) continue;
    auto copy = std::make_shared<EndpointSlice>(*slice);
    if (hint(*copy, wanted)) more.push_back(std::move(copy));
  }
  changes.update.insert(changes.update.end(), more.begin(), more.end());
}

}  // namespace plumb::controllers::endpointslice
