// The controller "persistentvolumeclaim-protection-controller": a claim that is to go stays while a pod with a node uses it. A pod that has no
// node will not get one any more, for a node starts no pod whose claim is going.
#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"
#include "reference/controllers/framework/finalizers.h"
#include "reference/controllers/framework/pod_claims.h"

namespace plumb::controllers::persistentvolumeclaimprotection {

namespace {

using corev1::PersistentVolumeClaim;
using corev1::Pod;
using ClaimPtr = std::shared_ptr<const PersistentVolumeClaim>;
using PodPtr = std::shared_ptr<const Pod>;

constexpr std::string_view finalizer = "kubernetes.io/pvc-protection";

// The kubelet has done with it, or it was removed by force.
bool is_shut_down(const Pod& pod) { return pod.metadata.deletionTimestamp && pod.metadata.deletionGracePeriodSeconds.value_or(-1) == 0; }

bool uses(const Pod& pod, const PersistentVolumeClaim& claim) {
  if (pod.spec.nodeName.empty() || pod.metadata.namespace_ != claim.metadata.namespace_) return false;
  const auto claims = resources::claims_of(pod);
  return std::any_of(claims.begin(), claims.end(), [&](const resources::PodClaim& one) {
    return claim.metadata.name == one.name && (!one.is_ephemeral || (!is_shut_down(pod) && resources::is_made_for(claim, pod)));
  });
}

bool is_used(const PersistentVolumeClaim& claim, const std::vector<PodPtr>& pods) {
  return std::any_of(pods.begin(), pods.end(), [&](const PodPtr& pod) { return uses(*pod, claim); });
}

// Before the claim is let go, the pods are read anew: one that the cache does not show must not lose its data.
Plan decide(const ClaimPtr& claim, const std::vector<PodPtr>& pods) {
  Plan plan;
  const bool held = has_finalizer(*claim, finalizer), going = bool(claim->metadata.deletionTimestamp);
  if (held != going) return plan;
  if (!going) {
    plan.act(informer::update_request(with_finalizer(*claim, finalizer))).accept = {"NotFound"};
    return plan;
  }
  if (is_used(*claim, pods)) return plan;
  Action& ask = plan.act({});
  ask.request.resource = &informer::resource_of<Pod>();
  ask.request.namespace_ = claim->metadata.namespace_.str();
  ask.list = true;
  plan.then = [claim](const Outcome& outcome) {
    Plan after;
    after.retry = outcome.failure;
    if (outcome.failure) return after;
    std::vector<PodPtr> fresh;
    for (const auto& item : outcome.answers.front().items) fresh.push_back(api::as<Pod>(item));
    if (!is_used(*claim, fresh)) after.act(informer::update_request(without_finalizer(*claim, finalizer))).accept = {"NotFound"};
    return after;
  };
  return plan;
}

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
