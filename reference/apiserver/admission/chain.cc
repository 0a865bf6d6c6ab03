#include <algorithm>

#include "harness/base/listing.h"
#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

const Registered<Listing> listed_plugins{"admission", [] {
  return listing_of<AdmissionPlugin>([](const AdmissionPlugin& plugin) { return "order " + std::to_string(plugin.order()); });
}};

}  // namespace

AdmissionChain::AdmissionChain(const std::vector<std::string>& disabled) {
  for (const auto& [name, make] : plumb::Registry<AdmissionPlugin>::all())
    if (std::find(disabled.begin(), disabled.end(), name) == disabled.end()) plugins_.push_back(make());
  std::stable_sort(plugins_.begin(), plugins_.end(), [](const auto& a, const auto& b) { return a->order() < b->order(); });
}

Refusal AdmissionChain::mutate(AdmissionRequest& request, const ClusterView& cluster) const {
  for (const auto& plugin : plugins_)
    if (auto refused = plugin->mutate(request, cluster)) return refused;
  return std::nullopt;
}

Refusal AdmissionChain::validate(const AdmissionRequest& request, const ClusterView& cluster) const {
  for (const auto& plugin : plugins_)
    if (auto refused = plugin->validate(request, cluster)) return refused;
  return std::nullopt;
}

Refusal AdmissionChain::reserve(const AdmissionRequest& request, const ClusterView& cluster, Companions& companions) const {
  for (const auto& plugin : plugins_)
    if (auto refused = plugin->reserve(request, cluster, companions)) return refused;
  return std::nullopt;
}

}  // namespace plumb::apiserver
