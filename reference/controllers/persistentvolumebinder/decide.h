// What the binder does about one claim or one volume: upstream's rules, on what the caches show.
//
// A claim and a volume are bound when each names the other. The volume is written first, so whoever writes it first has it; the rest is
// finished by whoever sees it half done. What the binder has chosen itself it marks (pv.kubernetes.io/bound-by-controller), so that only its
// own choices are ever taken back. Once both are bound the claim is marked (pv.kubernetes.io/bind-completed), and losing its volume then means
// that data are lost.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/api/types/storagev1.h"
#include "reference/controllers/framework/plan.h"
#include "reference/resources/persistentvolumes/matching.h"

namespace plumb::controllers::persistentvolumebinder {

using ClaimPtr = std::shared_ptr<const corev1::PersistentVolumeClaim>;
using VolumePtr = resources::VolumePtr;
using ClassPtr = std::shared_ptr<const storagev1::StorageClass>;

struct Surroundings {
  std::function<ClaimPtr(std::string_view key)> claim;
  std::function<VolumePtr(std::string_view name)> volume;
  std::function<ClassPtr(std::string_view name)> storage_class;
  std::function<ClassPtr()> default_class;
  // Those of the claim's class, and those that name the claim.
  std::function<std::vector<VolumePtr>(const corev1::PersistentVolumeClaim&)> candidates;
  // The volume was given to another claim a moment ago.
  std::function<bool(const corev1::PersistentVolume&, const corev1::PersistentVolumeClaim&)> taken;
  // Names of pods that use the claim and have no node.
  std::function<std::vector<std::string>(const corev1::PersistentVolumeClaim&)> waiting_pods;
  // The claim has to be looked at, too.
  std::function<void(const std::string& key)> look_at;
  // The volume goes to the claim.
  std::function<void(const corev1::PersistentVolume&, const corev1::PersistentVolumeClaim&)> gave;
};

Plan sync_claim(const ClaimPtr& claim, const Surroundings& around, const Now& now);
Plan sync_volume(const VolumePtr& volume, const Surroundings& around, const Now& now);

}  // namespace plumb::controllers::persistentvolumebinder
