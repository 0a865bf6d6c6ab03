#include "reference/controllers/persistentvolumebinder/writes.h"

#include "reference/api/object.h"

namespace plumb::controllers::persistentvolumebinder {
namespace {

using corev1::PersistentVolume;
using corev1::PersistentVolumeClaim;
namespace annotation = resources::annotation;

void write_phase(Plan& plan, std::shared_ptr<PersistentVolume> volume, std::string_view phase, std::string_view message, const Now& now,
                 std::optional<Event> event) {
  volume->status.phase = phase;
  volume->status.message = message;
  volume->status.lastPhaseTransitionTime = api::Time::from(now.wall);
  plan.act(informer::update_status_request(volume)).on_success = std::move(event);
}

// Size and attributes are taken over once: later they may differ while the volume is changed.
bool take_over(corev1::PersistentVolumeClaimStatus& status, std::string_view phase, const PersistentVolume& volume) {
  bool changed = false;
  if (!(status.accessModes == volume.spec.accessModes)) {
    status.accessModes = volume.spec.accessModes;
    changed = true;
  }
  if (status.phase == phase) return changed;
  status.capacity = volume.spec.capacity;
  if (volume.spec.volumeAttributesClassName) status.currentVolumeAttributesClassName = volume.spec.volumeAttributesClassName;
  return true;
}

bool reset(corev1::PersistentVolumeClaimStatus& status) {
  const bool changed = !status.accessModes.empty() || !status.capacity.empty() || status.currentVolumeAttributesClassName;
  status.accessModes = {};
  status.capacity = {};
  status.currentVolumeAttributesClassName.reset();
  return changed;
}

bool bind_claim(PersistentVolumeClaim& claim, const api::Str& volume) {
  auto& annotations = claim.metadata.annotations;
  bool changed = false;
  if (claim.spec.volumeName != volume) {
    claim.spec.volumeName = volume;
    annotations.set(annotation::bound_by_controller, "yes");
    changed = true;
  }
  if (!annotations.contains(annotation::bind_completed)) {
    annotations.set(annotation::bind_completed, "yes");
    changed = true;
  }
  return changed;
}

}  // namespace

void set_phase(Plan& plan, const ClaimPtr& claim, std::string_view phase, const PersistentVolume* volume, std::optional<Event> event) {
  auto next = std::make_shared<PersistentVolumeClaim>(*claim);
  bool changed = volume ? take_over(next->status, phase, *volume) : reset(next->status);
  changed |= next->status.phase != phase;
  next->status.phase = phase;
  if (changed) plan.act(informer::update_status_request(next)).on_success = std::move(event);
}

void set_phase(Plan& plan, const VolumePtr& volume, std::string_view phase, std::string_view message, const Now& now, std::optional<Event> event) {
  if (volume->status.phase != phase) write_phase(plan, std::make_shared<PersistentVolume>(*volume), phase, message, now, std::move(event));
}

void bind(Plan& plan, const VolumePtr& volume, const ClaimPtr& claim, const Now& now) {
  auto bound = std::make_shared<PersistentVolume>(*volume);
  if (resources::bind_volume(*bound, *claim)) plan.act(informer::update_request(bound));
  set_phase(plan, VolumePtr(bound), corev1::VolumeBound, "", now);
  auto holder = std::make_shared<PersistentVolumeClaim>(*claim);
  if (bind_claim(*holder, volume->metadata.name)) plan.act(informer::update_request(holder));
  set_phase(plan, ClaimPtr(holder), corev1::ClaimBound, volume.get());
}

void unbind(Plan& plan, const VolumePtr& volume, const Now& now) {
  auto next = std::make_shared<PersistentVolume>(*volume);
  if (next->metadata.annotations.erase(annotation::bound_by_controller))
    next->spec.claimRef.reset();
  else
    next->spec.claimRef->uid.reset();
  plan.act(informer::update_request(next));
  set_phase(plan, VolumePtr(next), corev1::VolumeAvailable, "", now);
}

}  // namespace plumb::controllers::persistentvolumebinder
