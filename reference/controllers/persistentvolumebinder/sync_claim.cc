#include "reference/controllers/persistentvolumebinder/decide.h"
#include "reference/controllers/persistentvolumebinder/in_tree.h"
#include "reference/controllers/persistentvolumebinder/writes.h"
#include "reference/informer/event_recorder.h"
#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::controllers::persistentvolumebinder {
namespace {

using corev1::PersistentVolumeClaim;
using informer::event_normal;
using informer::event_warning;
namespace annotation = resources::annotation;

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }
std::string key_of(const corev1::ObjectReference& claim) { return claim.namespace_.str() + "/" + claim.name.str(); }

class ClaimSync {
 public:
  ClaimSync(const ClaimPtr& claim, const Surroundings& around, const Now& now) : claim_(claim), around_(around), now_(now) {}

  Plan run() {
    const bool was_bound = claim_->metadata.annotations.contains(annotation::bind_completed);
    if (was_bound) keep_bound();
    else if (claim_->spec.volumeName.empty()) choose();
    else bind_to_named();
    return std::move(plan_);
  }

 private:
  void keep_bound() {
    if (claim_->spec.volumeName.empty()) return lose("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
    const VolumePtr volume = around_.volume(claim_->spec.volumeName);
    if (!volume) return lose("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    if (volume->spec.claimRef && volume->spec.claimRef->uid != claim_->metadata.uid)
      return lose("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
    give(volume);
  }

  void choose() {
    const bool delayed = waits_for_consumer();
    resources::Search search;
    search.named_only = delayed;
    search.taken = [&](const corev1::PersistentVolume& volume) { return around_.taken(volume, *claim_); };
    if (const VolumePtr found = find_closest_match(*claim_, around_.candidates(*claim_), search)) return give(found);
    if (assign_default_class()) return;
    if (delayed && !claim_->metadata.annotations.contains(annotation::selected_node))
      tell_who_is_waited_for();
    else if (!resources::class_of(*claim_).empty())
      return provision();
    else
      record(event_normal, "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
    stay_pending();
  }

  void bind_to_named() {
    const std::string name = claim_->spec.volumeName.str();
    const VolumePtr volume = around_.volume(name);
    if (!volume) return stay_pending();
    if (!volume->spec.claimRef) {
      const std::string why = resources::mismatch(*volume, *claim_);
      if (why.empty()) return give(volume);
      record(event_warning, "VolumeMismatch", "Cannot bind to requested volume " + quoted(name) + ": " + why);
      return stay_pending();
    }
    if (resources::is_bound_to(*volume, *claim_)) return give(volume);
    if (!claim_->metadata.annotations.contains(annotation::bound_by_controller)) {
      record(event_warning, "FailedBinding", "volume " + quoted(name) + " already bound to a different claim.");
      return stay_pending();
    }
    record(event_warning, "FailedBinding", "invalid binding of claim " + quoted(informer::object_key(*claim_)) + " to volume " + quoted(name) +
                                               ": volume already claimed by " + quoted(key_of(*volume->spec.claimRef)));
  }

  bool waits_for_consumer() const {
    const std::string_view name = resources::class_of(*claim_);
    const ClassPtr found = name.empty() ? nullptr : around_.storage_class(name);
    return found && found->volumeBindingMode.value_or("") == storagev1::VolumeBindingWaitForFirstConsumer;
  }

  // A default class that came after the claim. The claim's change brings its key back.
  bool assign_default_class() {
    if (resources::has_class(*claim_)) return false;
    const ClassPtr found = around_.default_class();
    if (!found) return false;
    auto next = std::make_shared<PersistentVolumeClaim>(*claim_);
    next->spec.storageClassName = found->metadata.name;
    plan_.act(informer::update_request(next));
    return true;
  }

  void tell_who_is_waited_for() {
    std::string names;
    const auto pods = around_.waiting_pods(*claim_);
    for (const std::string& pod : pods) names += (names.empty() ? "" : ",") + pod;
    if (pods.empty()) return record(event_normal, "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
    record(event_normal, "WaitForPodScheduled", std::string(pods.size() > 1 ? "waiting for pods " : "waiting for pod ") + names + " to be scheduled");
  }

  // Volumes are made by others; they are told by an annotation that one is wanted.
  void provision() {
    const std::string name(resources::class_of(*claim_));
    const ClassPtr found = around_.storage_class(name);
    if (!found) return record(event_warning, "ProvisioningFailed", "storageclass.storage.k8s.io " + quoted(name) + " not found");
    const std::string provisioner(external_driver(found->provisioner));
    if (provisioner.empty()) return record(event_warning, "ProvisioningFailed", "no volume plugin matched name: " + found->provisioner.str());
    const auto& annotations = claim_->metadata.annotations;
    const api::Str* told = annotations.find(annotation::storage_provisioner);
    if (!told || *told != provisioner) {
      auto next = std::make_shared<PersistentVolumeClaim>(*claim_);
      next->metadata.annotations.set(annotation::storage_provisioner, api::Str(provisioner));
      next->metadata.annotations.set(annotation::beta_storage_provisioner, api::Str(provisioner));
      plan_.act(informer::update_request(next));
    }
    record(event_normal, "ExternalProvisioning",
           "Waiting for a volume to be created either by the external provisioner '" + provisioner +
               "' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and "
               "correctly registered.");
  }

  void give(const VolumePtr& volume) {
    bind(plan_, volume, claim_, now_);
    if (!plan_.stages.empty()) around_.gave(*volume, *claim_);
  }
  void lose(std::string_view reason, std::string_view message) {
    set_phase(plan_, claim_, corev1::ClaimLost, nullptr, Event{claim_, event_warning, std::string(reason), std::string(message)});
  }
  void stay_pending() { set_phase(plan_, claim_, corev1::ClaimPending, nullptr); }
  void record(std::string_view type, std::string_view reason, std::string message) { plan_.record(claim_, type, reason, std::move(message)); }

  const ClaimPtr& claim_;
  const Surroundings& around_;
  const Now& now_;
  Plan plan_;
};

}  // namespace

Plan sync_claim(const ClaimPtr& claim, const Surroundings& around, const Now& now) { return ClaimSync(claim, around, now).run(); }

}  // namespace plumb::controllers::persistentvolumebinder
