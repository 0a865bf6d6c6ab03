#include "reference/controllers/persistentvolumeclaimprotection/decide.h"

#include <algorithm>

#include "reference/controllers/framework/finalizers.h"
#include "reference/resources/persistentvolumeclaims/pod_claims.h"

namespace plumb::controllers::persistentvolumeclaimprotection {
namespace {

using corev1::PersistentVolumeClaim;
using corev1::Pod;

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

}  // namespace

bool is_shut_down(const Pod& pod) { return pod.metadata.deletionTimestamp && pod.metadata.deletionGracePeriodSeconds.value_or(-1) == 0; }

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

}  // namespace plumb::controllers::persistentvolumeclaimprotection
