// The controller "ephemeral-volume-controller": makes the claims of pods whose volumes are to live as long as they do.
#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/ownership.h"
#include "reference/controllers/framework/pod_claims.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers::ephemeralvolume {

namespace {

using corev1::PersistentVolumeClaim;
using corev1::Pod;
using ClaimPtr = std::shared_ptr<const PersistentVolumeClaim>;
using PodPtr = std::shared_ptr<const Pod>;

std::shared_ptr<PersistentVolumeClaim> claim_for(const Pod& pod, const resources::PodClaim& wanted) {
  const corev1::PersistentVolumeClaimTemplate& from = *wanted.volume->volumeSource.ephemeral->volumeClaimTemplate;
  auto claim = std::make_shared<PersistentVolumeClaim>();
  claim->metadata.namespace_ = pod.metadata.namespace_;
  claim->metadata.name = api::Str(wanted.name);
  claim->metadata.labels = from.metadata.labels;
  claim->metadata.annotations = from.metadata.annotations;
  claim->metadata.ownerReferences.push_back(controller_reference(pod));
  claim->spec = from.spec;
  return claim;
}

Plan decide(const PodPtr& pod, const informer::Lister<PersistentVolumeClaim>& claims) {
  Plan plan;
  for (const resources::PodClaim& wanted : resources::claims_of(*pod)) {
    if (!wanted.is_ephemeral || !wanted.volume->volumeSource.ephemeral->volumeClaimTemplate) continue;
    const std::string about = "ephemeral volume " + wanted.volume->name.str() + ": ";
    if (const ClaimPtr present = claims.get(pod->metadata.namespace_, wanted.name)) {
      if (resources::is_made_for(*present, *pod)) continue;
      const std::string why = "PVC " + informer::object_key(*present) + " was not created for pod " + informer::object_key(*pod) + " (pod is not owner)";
      plan.record(pod, informer::event_warning, "FailedBinding", about + why);
      plan.retry = fail(Code::already_exists, why);
      break;
    }
    plan.act(informer::create_request(claim_for(*pod, wanted))).on_failure = Event{pod, informer::event_warning, "FailedBinding", about + "{}"};
  }
  return plan;
}

class EphemeralVolume final : public Controller {
 public:
  std::string component() const override { return "ephemeral_volume"; }
  std::string account() const override { return "ephemeral-volume-controller"; }
  std::string queue_name() const override { return "ephemeral_volume"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"update", "core", "pods/finalizers"},
            {"get,list,watch", "core", "pods"},
            {"create,get,list,watch", "core", "persistentvolumeclaims"},
            apiserver::records_events};
  }
  void watch(Watches& watches) override {
    watches.informer<Pod>().add_index(pods_by_claim, claims_of_pod);
    pods_ = watches.lister<Pod>();
    claims_ = watches.watch<PersistentVolumeClaim>([this, &queue = watches.queue](const ClaimPtr& before, const ClaimPtr& after) {
      if (after) return;
      for (const PodPtr& pod : pods_.by_index(pods_by_claim, informer::object_key(*before))) queue.add(informer::object_key(*pod));
    });
    watches.watch<Pod>([&queue = watches.queue](const PodPtr& before, const PodPtr& after) {
      if (!after || before || after->metadata.deletionTimestamp) return;
      for (const auto& claim : resources::claims_of(*after))
        if (claim.is_ephemeral) return queue.add(informer::object_key(*after));
    });
  }
  Plan reconcile(const std::string& key, const Now&) override {
    const PodPtr pod = pods_.get(key);
    return pod && !pod->metadata.deletionTimestamp ? decide(pod, claims_) : Plan();
  }

 private:
  informer::Lister<Pod> pods_;
  informer::Lister<PersistentVolumeClaim> claims_;
};

const Registered<Controller> registered{"ephemeral-volume-controller", [] { return std::make_unique<EphemeralVolume>(); }};

}  // namespace

}  // namespace plumb::controllers::ephemeralvolume
