#include "reference/resources/persistentvolumes/matching.h"

#include <algorithm>
#include <map>
#include <set>

#include "reference/resources/shared/label_selector.h"
#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::resources {
namespace {

using corev1::PersistentVolume;
using corev1::PersistentVolumeClaim;

api::Quantity storage_in(const api::Map<api::QuantityText>& amounts) {
  const auto parsed = api::Quantity::parse(amounts.get("storage").text);
  return parsed.ok() ? *parsed : api::Quantity();
}

bool attributes_differ(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  return volume.spec.volumeAttributesClassName.value_or("") != claim.spec.volumeAttributesClassName.value_or("");
}

// Whether an unclaimed volume is one of those that the claim asks for, whatever its size.
bool is_asked_for(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  if (volume.status.phase != corev1::VolumeAvailable || volume.spec.claimRef || attributes_differ(volume, claim)) return false;
  if (class_of(volume) != class_of(claim) || !has_access_modes(volume, claim)) return false;
  return !claim.spec.selector || matches(to_selector(claim.spec.selector), volume.metadata.labels);
}

}  // namespace

api::Quantity size_of(const PersistentVolume& volume) { return storage_in(volume.spec.capacity); }
api::Quantity size_of(const PersistentVolumeClaim& claim) { return storage_in(claim.spec.resources.requests); }

bool is_bound_to(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  const auto& named = volume.spec.claimRef;
  if (!named || named->name != claim.metadata.name || named->namespace_ != claim.metadata.namespace_) return false;
  return named->uid.empty() || named->uid == claim.metadata.uid;
}

bool modes_differ(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  return volume.spec.volumeMode.value_or("Filesystem") != claim.spec.volumeMode.value_or("Filesystem");
}

bool has_access_modes(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  const auto& has = volume.spec.accessModes;
  return std::all_of(claim.spec.accessModes.begin(), claim.spec.accessModes.end(),
                     [&](const api::Str& mode) { return std::find(has.begin(), has.end(), mode) != has.end(); });
}

std::string mismatch(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  if (volume.metadata.deletionTimestamp) return "the volume is marked for deletion \"" + volume.metadata.name.str() + "\"";
  if (size_of(volume) < size_of(claim)) return "requested PV is too small";
  if (class_of(volume) != class_of(claim)) return "storageClassName does not match";
  if (attributes_differ(volume, claim)) return "volumeAttributesClassName does not match";
  if (modes_differ(volume, claim)) return "incompatible volumeMode";
  if (!has_access_modes(volume, claim)) return "incompatible accessMode";
  return {};
}

bool bind_volume(PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  const bool named = is_bound_to(volume, claim);
  const bool complete = named && volume.spec.claimRef->uid == claim.metadata.uid;
  if (!complete) {
    corev1::ObjectReference& to = volume.spec.claimRef.ensure();
    to = {};
    to.kind = "PersistentVolumeClaim";
    to.apiVersion = "v1";
    to.namespace_ = claim.metadata.namespace_;
    to.name = claim.metadata.name;
    to.uid = claim.metadata.uid;
    to.resourceVersion = claim.metadata.resourceVersion;
  }
  const bool marked = named || volume.metadata.annotations.contains(annotation::bound_by_controller);
  if (!marked) volume.metadata.annotations.set(annotation::bound_by_controller, "yes");
  return !complete || !marked;
}

VolumePtr find_match(const PersistentVolumeClaim& claim, const std::vector<VolumePtr>& volumes, const Search& search) {
  const api::Quantity wanted = size_of(claim);
  VolumePtr smallest;
  for (const VolumePtr& volume : volumes) {
    if ((search.taken && search.taken(*volume)) || modes_differ(*volume, claim) || volume->metadata.deletionTimestamp || size_of(*volume) < wanted) continue;
    const bool reachable = !search.reachable || search.reachable(*volume);
    if (is_bound_to(*volume, claim)) return reachable ? volume : nullptr;
    if (search.named_only || !reachable || !is_asked_for(*volume, claim)) continue;
    if (!smallest || size_of(*volume) < size_of(*smallest)) smallest = volume;
  }
  return smallest;
}

VolumePtr find_closest_match(const PersistentVolumeClaim& claim, const std::vector<VolumePtr>& volumes, const Search& search) {
  std::map<std::size_t, std::vector<VolumePtr>> by_modes;
  for (const VolumePtr& volume : volumes)
    if (has_access_modes(*volume, claim))
      by_modes[std::set<std::string_view>(volume->spec.accessModes.begin(), volume->spec.accessModes.end()).size()].push_back(volume);
  for (const auto& [modes, group] : by_modes)
    if (VolumePtr found = find_match(claim, group, search)) return found;
  return nullptr;
}

}  // namespace plumb::resources
