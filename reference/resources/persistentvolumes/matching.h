// Which volume fits a claim: what the binder and the scheduler ask alike.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/text/quantity.h"
#include "reference/api/types/corev1.h"

namespace plumb::resources {

namespace annotation {
inline constexpr std::string_view bind_completed = "pv.kubernetes.io/bind-completed";
inline constexpr std::string_view bound_by_controller = "pv.kubernetes.io/bound-by-controller";
inline constexpr std::string_view provisioned_by = "pv.kubernetes.io/provisioned-by";
inline constexpr std::string_view migrated_to = "pv.kubernetes.io/migrated-to";
inline constexpr std::string_view selected_node = "volume.kubernetes.io/selected-node";
inline constexpr std::string_view storage_provisioner = "volume.kubernetes.io/storage-provisioner";
inline constexpr std::string_view beta_storage_provisioner = "volume.beta.kubernetes.io/storage-provisioner";
}  // namespace annotation

using VolumePtr = std::shared_ptr<const corev1::PersistentVolume>;

api::Quantity size_of(const corev1::PersistentVolume& volume);
api::Quantity size_of(const corev1::PersistentVolumeClaim& claim);
// The volume names this claim, by UID or, before it is bound, by name alone.
bool is_bound_to(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim);
bool modes_differ(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim);
bool has_access_modes(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim);
// Why the volume that the claim names cannot be bound to it; "" when it can.
std::string mismatch(const corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim);
// Makes the volume name the claim. False when it did already.
bool bind_volume(corev1::PersistentVolume& volume, const corev1::PersistentVolumeClaim& claim);

struct Search {
  // For the scheduler: whether the volume can be reached from the node that is looked at. Without it every volume can.
  std::function<bool(const corev1::PersistentVolume&)> reachable;
  // Volumes that others are about to get.
  std::function<bool(const corev1::PersistentVolume&)> taken;
  // Only a volume that names the claim: the scheduler chooses among the others.
  bool named_only = false;
};
// A volume that names the claim, or the smallest that fits; nullptr for none. Phases other than Available do not count, nor do volumes that are
// being deleted.
VolumePtr find_match(const corev1::PersistentVolumeClaim& claim, const std::vector<VolumePtr>& volumes, const Search& search);
// The same, but volumes that can do least beyond the access modes asked for come before smaller ones.
VolumePtr find_closest_match(const corev1::PersistentVolumeClaim& claim, const std::vector<VolumePtr>& volumes, const Search& search);

}  // namespace plumb::resources
