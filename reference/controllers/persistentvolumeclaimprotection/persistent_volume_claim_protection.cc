// The controller "persistentvolumeclaim-protection-controller": a claim that is to go stays while a pod with a node uses it. A pod that has no
// node will not get one any more, for a node starts no pod whose claim is going.
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/pod_claims.h"
#include "reference/controllers/persistentvolumeclaimprotection/decide.h"

namespace plumb::controllers::persistentvolumeclaimprotection {

namespace {

using corev1::PersistentVolumeClaim;
using corev1::Pod;

class PersistentVolumeClaimProtection final : public Controller {
 public:
  std::string component() const override { return "pvc-protection-controller"; }
  std::string queue_name() const override { return "pvcprotection"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get,list,update,watch", "core", "persistentvolumeclaims"}, {"get,list,watch", "core", "pods"}, apiserver::records_events};
  }
  void watch(Watches& watches) override {
    watches.informer<Pod>().add_index(pods_by_claim, claims_of_pod);
    claims_ = watches.watch_keys<PersistentVolumeClaim>();
    pods_ = watches.watch<Pod>([&queue = watches.queue](const PodPtr& before, const PodPtr& after) {
      const bool gone = !after, finished = after && is_shut_down(*after);
      const bool replaced = before && after && before->metadata.uid != after->metadata.uid;
      if (!gone && !finished && !replaced) return;
      for (const std::string& claim : claim_keys(before ? *before : *after)) queue.add(claim);
    });
  }
  Plan reconcile(const std::string& key, const Now&) override {
    const ClaimPtr claim = claims_.get(key);
    return claim ? decide(claim, pods_.by_index(pods_by_claim, key)) : Plan();
  }

 private:
  informer::Lister<PersistentVolumeClaim> claims_;
  informer::Lister<Pod> pods_;
};

const Registered<Controller> registered{"persistentvolumeclaim-protection-controller", [] { return std::make_unique<PersistentVolumeClaimProtection>(); }};

}  // namespace

}  // namespace plumb::controllers::persistentvolumeclaimprotection
