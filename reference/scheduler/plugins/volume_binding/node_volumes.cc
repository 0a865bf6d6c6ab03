#include "reference/scheduler/plugins/volume_binding/node_volumes.h"

#include <algorithm>
#include <set>

#include "reference/resources/persistentvolumes/matching.h"
#include "reference/resources/shared/label_selector.h"
#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::scheduler::volume_binding {
namespace {

constexpr std::string_view no_provisioner = "kubernetes.io/no-provisioner";

bool names(const corev1::TopologySelectorTerm& term, const corev1::Node& node) {
  return std::all_of(term.matchLabelExpressions.begin(), term.matchLabelExpressions.end(), [&](const auto& one) {
    const api::Str* value = node.metadata.labels.find(one.key);
    return value && std::find(one.values.begin(), one.values.end(), *value) != one.values.end();
  });
}

// Classes without topologies allow all nodes.
bool allows(const storagev1::StorageClass& storage_class, const corev1::Node& node) {
  const auto& terms = storage_class.allowedTopologies;
  return terms.empty() || std::any_of(terms.begin(), terms.end(), [&](const auto& term) { return names(term, node); });
}

// Drivers that publish no capacity are trusted to have enough.
bool has_space(const storagev1::StorageClass& storage_class, const corev1::PersistentVolumeClaim& claim, const corev1::Node& node, const StorageCaches& caches) {
  const auto driver = caches.driver(storage_class.provisioner);
  if (!driver || !driver->spec.storageCapacity.value_or(false)) return true;
  const api::Quantity wanted = resources::size_of(claim);
  const auto capacities = caches.capacities(storage_class.metadata.name);
  return std::any_of(capacities.begin(), capacities.end(), [&](const auto& one) {
    const api::QuantityText& limit = one->maximumVolumeSize ? one->maximumVolumeSize : one->capacity;
    const auto size = api::Quantity::parse(limit.text);
    return limit && size.ok() && *size >= wanted && one->nodeTopology && resources::matches(resources::to_selector(one->nodeTopology), node.metadata.labels);
  });
}

class Finder {
 public:
  Finder(const PodClaims& claims, const corev1::Node& node, const Assumed& assumed) : claims_(claims), node_(node), assumed_(assumed) {}

  NodeVolumes run() {
    check_bound();
    choose();
    if (unreachable_) found_.refusals.push_back(node_conflict);
    if (unmatched_) found_.refusals.push_back(bind_conflict);
    if (full_) found_.refusals.push_back(not_enough_space);
    if (missing_) found_.refusals.push_back(volume_missing);
    return std::move(found_);
  }

 private:
  void check_bound() {
    for (const ClaimPtr& claim : claims_.bound) {
      const VolumePtr volume = assumed_.volume(claim->spec.volumeName);
      if (!volume) missing_ = true;
      else if (!is_reachable(*volume, node_)) unreachable_ = true;
    }
  }

  // Small claims first: they leave the large volumes to the large ones.
  void choose() {
    std::vector<ClaimPtr> to_match, to_make;
    for (const ClaimPtr& claim : claims_.undecided) {
      const api::Str* selected = claim->metadata.annotations.find(resources::annotation::selected_node);
      if (!selected) to_match.push_back(claim);
      else if (*selected == node_.metadata.name) to_make.push_back(claim);
      else unmatched_ = true;
    }
    if (unmatched_) return;
    std::stable_sort(to_match.begin(), to_match.end(), [](const ClaimPtr& a, const ClaimPtr& b) { return resources::size_of(*a) < resources::size_of(*b); });
    for (const ClaimPtr& claim : to_match)
      if (!match(claim)) to_make.push_back(claim);
    for (const ClaimPtr& claim : to_make) make(claim);
  }

  bool match(const ClaimPtr& claim) {
    resources::Search search;
    search.reachable = [&](const corev1::PersistentVolume& volume) { return is_reachable(volume, node_); };
    search.taken = [&](const corev1::PersistentVolume& volume) { return chosen_.contains(volume.metadata.name.view()); };
    VolumePtr volume = resources::find_match(*claim, assumed_.volumes_of_class(resources::class_of(*claim)), search);
    if (!volume) return false;
    chosen_.insert(volume->metadata.name.view());
    found_.bindings.push_back({claim, std::move(volume)});
    return true;
  }

  void make(const ClaimPtr& claim) {
    const ClassPtr storage_class = assumed_.caches->storage_class(resources::class_of(*claim));
    const bool possible = storage_class && !storage_class->provisioner.empty() && storage_class->provisioner != no_provisioner && allows(*storage_class, node_);
    if (!possible) unmatched_ = true;
    else if (!has_space(*storage_class, *claim, node_, *assumed_.caches)) full_ = true;
    else found_.provisions.push_back(claim);
  }

  const PodClaims& claims_;
  const corev1::Node& node_;
  const Assumed& assumed_;
  NodeVolumes found_;
  std::set<std::string_view> chosen_;
  bool unreachable_ = false, unmatched_ = false, full_ = false, missing_ = false;
};

}  // namespace

NodeVolumes find_volumes(const PodClaims& claims, const corev1::Node& node, const Assumed& assumed) { return Finder(claims, node, assumed).run(); }

}  // namespace plumb::scheduler::volume_binding
