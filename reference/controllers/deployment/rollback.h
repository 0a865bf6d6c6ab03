// Beyond upstream, and only for a Deployment that asks for it: annotated deployment.plumbline.io/rollback-on-failure: "true", it goes back to
// the newest revision that was complete once, when the rollout of another misses its progress deadline.
//
// That a revision was complete (all its pods available, at least one) is noted on its ReplicaSet, from the annotation on. Such a revision is
// never rolled back from, so nothing goes back and forth: where the revision that was gone back to fails as well, it stays. A Deployment
// that is paused or was changed meanwhile is left alone. Event DeploymentRollback and condition RolledBack say what happened; the
// condition goes when the next revision begins. Where no revision was complete, the event DeploymentRollbackRevisionNotFound says so.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "reference/api/types/appsv1.h"

namespace plumb::controllers::deployment {

inline constexpr std::string_view rollback_annotation = "deployment.plumbline.io/rollback-on-failure";
inline constexpr std::string_view completed_annotation = "deployment.plumbline.io/completed";
inline constexpr std::string_view rolled_back = "RolledBack";  // a condition's type

bool rolls_back_on_failure(const appsv1::Deployment& deployment);
bool was_complete(const appsv1::ReplicaSet& revision);
void note_complete(appsv1::ReplicaSet& revision);
// nullptr: none was complete.
const appsv1::ReplicaSet* newest_complete(const std::vector<appsv1::ReplicaSet*>& revisions);
// The Deployment with the template and the change cause of that revision.
std::shared_ptr<appsv1::Deployment> gone_back(const appsv1::Deployment& deployment, const appsv1::ReplicaSet& revision);

}  // namespace plumb::controllers::deployment
