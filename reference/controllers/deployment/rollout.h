// The arithmetic of a rollout: fenceposts, fractions, hashes, revisions. Facts from upstream's pkg/controller/deployment/util.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/types/appsv1.h"

namespace plumb::controllers::deployment {

inline constexpr std::string_view revision_annotation = "deployment.kubernetes.io/revision";
inline constexpr std::string_view revision_history_annotation = "deployment.kubernetes.io/revision-history";
inline constexpr std::string_view desired_replicas_annotation = "deployment.kubernetes.io/desired-replicas";
inline constexpr std::string_view max_replicas_annotation = "deployment.kubernetes.io/max-replicas";

bool is_rolling(const appsv1::Deployment& deployment);
std::int32_t replicas_of(const appsv1::Deployment& deployment);
std::int32_t replicas_of(const appsv1::ReplicaSet& replica_set);
bool has_progress_deadline(const appsv1::Deployment& deployment);
bool has_history_limit(const appsv1::Deployment& deployment);

// Zero unless the strategy is RollingUpdate. When both come to zero, one pod may be unavailable.
std::int32_t max_surge(const appsv1::Deployment& deployment);
std::int32_t max_unavailable(const appsv1::Deployment& deployment);  // at most the replicas

// The part of `to_add` (negative: to remove) that falls to a replica set, in proportion to its size, when `added` are given out already.
std::int32_t proportion(const appsv1::ReplicaSet& replica_set, const appsv1::Deployment& deployment, std::int32_t to_add, std::int32_t added);

std::optional<std::int32_t> number_annotation(const appsv1::ReplicaSet& replica_set, std::string_view name);
// 0 where there is none.
std::int64_t revision_of(const appsv1::ReplicaSet& replica_set);

// Value of the label pod-template-hash: FNV-1a of the template and the collision count, in the alphabet of generated names.
std::string template_hash(const corev1::PodTemplateSpec& pod_template, std::optional<std::int32_t> collisions);
// The same but for the label pod-template-hash.
bool same_template(const corev1::PodTemplateSpec& a, const corev1::PodTemplateSpec& b);

// Copies annotations of the deployment (but its own bookkeeping and kubectl's), raises the revision and keeps the former one in the
// history; for one about to be made also its replicas annotations. True when something changed.
bool annotate(appsv1::ReplicaSet& replica_set, const appsv1::Deployment& deployment, std::int64_t revision, bool is_new);
bool annotate_replicas(appsv1::ReplicaSet& replica_set, const appsv1::Deployment& deployment);

const appsv1::DeploymentCondition* condition(const appsv1::DeploymentStatus& status, std::string_view type);
void remove_condition(appsv1::DeploymentStatus& status, std::string_view type);
// Leaves one of the same status and reason alone; keeps lastTransitionTime where only the reason changes.
void set_condition(appsv1::DeploymentStatus& status, appsv1::DeploymentCondition condition);
appsv1::DeploymentCondition make_condition(std::string_view type, std::string_view status, std::string_view reason, std::string_view message,
                                           WallTime now);

}  // namespace plumb::controllers::deployment
