#include "reference/controllers/persistentvolumebinder/decide.h"
#include "reference/controllers/persistentvolumebinder/in_tree.h"
#include "reference/controllers/persistentvolumebinder/writes.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::persistentvolumebinder {
namespace {

using informer::event_warning;
namespace annotation = resources::annotation;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

class VolumeSync {
 public:
  VolumeSync(const VolumePtr& volume, const Surroundings& around, const Now& now) : volume_(volume), around_(around), now_(now) {}

  Plan run() {
    const auto& named = volume_->spec.claimRef;
    // Of a claim without UID, too: it will be bound when it is looked at.
    if (!named || named->uid.empty()) {
      set_phase(plan_, volume_, corev1::VolumeAvailable, "", now_);
      return std::move(plan_);
    }
    const std::string key = named->namespace_.str() + "/" + named->name.str();
    const ClaimPtr claim = around_.claim(key);
    if (!claim || claim->metadata.uid != named->uid) release_unless_it_lives();
    else if (claim->spec.volumeName.empty()) finish(key, claim);
    else if (claim->spec.volumeName == volume_->metadata.name) set_phase(plan_, volume_, corev1::VolumeBound, "", now_);
    else if (volume_->metadata.annotations.contains(annotation::provisioned_by) && policy() == corev1::PersistentVolumeReclaimDelete) release();
    else unbind(plan_, volume_, now_);
    return std::move(plan_);
  }

 private:
  std::string_view policy() const { return volume_->spec.persistentVolumeReclaimPolicy; }
  bool is_released() const { return volume_->status.phase == corev1::VolumeReleased || volume_->status.phase == corev1::VolumeFailed; }

  // Data may go with a release: what the cache does not show is asked for.
  void release_unless_it_lives() {
    if (is_released()) return reclaim();
    const auto& named = *volume_->spec.claimRef;
    plan_.act(informer::get_request(informer::resource_of<corev1::PersistentVolumeClaim>(), named.namespace_, named.name)).accept = {"NotFound"};
    plan_.then = [volume = volume_, now = now_](const Outcome& outcome) {
      Plan after;
      after.retry = outcome.failure;
      const auto& answer = outcome.answers.front().object;
      const ClaimPtr claim = answer.ok() ? api::as<corev1::PersistentVolumeClaim>(*answer) : nullptr;
      const bool lives = claim && claim->metadata.uid == volume->spec.claimRef->uid;
      if (!outcome.failure && !lives) set_phase(after, volume, corev1::VolumeReleased, "", now);
      return after;
    };
  }
  void release() {
    if (is_released()) reclaim();
    else set_phase(plan_, volume_, corev1::VolumeReleased, "", now_);
  }

  // There is no plugin here that empties or deletes volumes: whoever made one deletes it.
  void reclaim() {
    if (volume_->metadata.annotations.contains(annotation::migrated_to) || policy() == corev1::PersistentVolumeReclaimRetain) return;
    if (policy() == corev1::PersistentVolumeReclaimRecycle) return failed("VolumeFailedRecycle", "No recycler plugin found for the volume!");
    if (policy() != corev1::PersistentVolumeReclaimDelete) return failed("VolumeUnknownReclaimPolicy", "Volume has unrecognized PersistentVolumeReclaimPolicy");
    const api::Str* made_by = volume_->metadata.annotations.find(annotation::provisioned_by);
    if (!made_by || made_by->empty())
      return failed("VolumeFailedDelete",
                    "error getting deleter volume plugin for volume " + quoted(volume_->metadata.name) + ": no deletable volume plugin matched");
    if (external_driver(*made_by).empty()) failed("VolumeFailedDelete", "no volume plugin matched name: " + made_by->str());
  }
  void failed(std::string_view reason, std::string message) {
    set_phase(plan_, volume_, corev1::VolumeFailed, message, now_, Event{volume_, event_warning, std::string(reason), message});
  }

  void finish(const std::string& key, const ClaimPtr& claim) {
    if (!resources::modes_differ(*volume_, *claim)) return around_.look_at(key);
    plan_.record(volume_, event_warning, "VolumeMismatch",
                 "Cannot bind PersistentVolume to requested PersistentVolumeClaim " + quoted(claim->metadata.name) + " due to incompatible volumeMode.");
    plan_.record(claim, event_warning, "VolumeMismatch",
                 "Cannot bind PersistentVolume " + quoted(volume_->metadata.name) + " to requested PersistentVolumeClaim due to incompatible volumeMode.");
  }

  const VolumePtr& volume_;
  const Surroundings& around_;
  const Now& now_;
  Plan plan_;
};

}  // namespace

Plan sync_volume(const VolumePtr& volume, const Surroundings& around, const Now& now) { return VolumeSync(volume, around, now).run(); }

}  // namespace plumb::controllers::persistentvolumebinder
