#include "reference/controllers/deployment/rollback.h"

#include "reference/controllers/deployment/rollout.h"

namespace plumb::controllers::deployment {

namespace {
constexpr std::string_view change_cause = "kubernetes.io/change-cause";
}  // namespace

bool rolls_back_on_failure(const appsv1::Deployment& deployment) { return deployment.metadata.annotations.get(rollback_annotation) == "true"; }

bool was_complete(const appsv1::ReplicaSet& revision) { return revision.metadata.annotations.get(completed_annotation) == "true"; }

void note_complete(appsv1::ReplicaSet& revision) { revision.metadata.annotations.set(completed_annotation, "true"); }

const appsv1::ReplicaSet* newest_complete(const std::vector<appsv1::ReplicaSet*>& revisions) {
  const appsv1::ReplicaSet* newest = nullptr;
  for (const appsv1::ReplicaSet* each : revisions)
    if (was_complete(*each) && !each->metadata.deletionTimestamp && (!newest || revision_of(*newest) < revision_of(*each))) newest = each;
  return newest;
}

std::shared_ptr<appsv1::Deployment> gone_back(const appsv1::Deployment& deployment, const appsv1::ReplicaSet& revision) {
  auto next = std::make_shared<appsv1::Deployment>(deployment);
  next->spec.template_ = revision.spec.template_;
  next->spec.template_.metadata.labels.erase(appsv1::DefaultDeploymentUniqueLabelKey);
  next->metadata.annotations.erase(change_cause);
  if (const api::Str* cause = revision.metadata.annotations.find(change_cause)) next->metadata.annotations.set(change_cause, *cause);
  return next;
}

}  // namespace plumb::controllers::deployment
