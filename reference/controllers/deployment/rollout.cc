#include "reference/controllers/deployment/rollout.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/encoding.h"
#include "reference/api/codec/json.h"
#include "reference/api/walk.h"
#include "reference/controllers/deployment/rollback.h"
#include "reference/controllers/framework/count_or_percent.h"
#include "reference/controllers/framework/safe_hash.h"

namespace plumb::controllers::deployment {

namespace {

constexpr std::size_t max_history_length = 2000;
constexpr std::string_view bookkeeping[] = {"kubectl.kubernetes.io/last-applied-configuration", revision_annotation,
                                            revision_history_annotation, desired_replicas_annotation, max_replicas_annotation,
                                            "deprecated.deployment.rollback.to", rollback_annotation, completed_annotation};

struct Fenceposts {
  std::int32_t surge, unavailable;
};

Fenceposts fenceposts(const appsv1::Deployment& deployment) {
  const auto* rolling = deployment.spec.strategy.rollingUpdate.get();
  if (!rolling) return {0, 1};
  const std::int32_t replicas = replicas_of(deployment);
  const std::int32_t surge = scaled_value(rolling->maxSurge, replicas, true);
  const std::int32_t unavailable = scaled_value(rolling->maxUnavailable, replicas, false);
  return {surge, surge == 0 && unavailable == 0 ? 1 : unavailable};
}

bool set_annotation(appsv1::ReplicaSet& replica_set, std::string_view name, std::string_view value) {
  const api::Str* found = replica_set.metadata.annotations.find(name);
  if (found && *found == value) return false;
  replica_set.metadata.annotations.set(name, api::Str(value));
  return true;
}

// The former revision joins the history; the oldest leave when it grows too long.
void remember_revision(appsv1::ReplicaSet& replica_set, std::string_view former) {
  const std::string history = replica_set.metadata.annotations.get(revision_history_annotation).str();
  std::vector<std::string_view> kept = history.empty() ? std::vector<std::string_view>() : split(history, ',');
  std::size_t length = history.size() + former.size() + 1;
  while (length > max_history_length && !kept.empty()) {
    length -= kept.front().size() + 1;
    kept.erase(kept.begin());
  }
  std::vector<std::string> parts(kept.begin(), kept.end());
  parts.emplace_back(former);
  replica_set.metadata.annotations.set(revision_history_annotation, api::Str(join(parts, ",")));
}

}  // namespace

bool is_rolling(const appsv1::Deployment& deployment) {
  return deployment.spec.strategy.type == appsv1::RollingUpdateDeploymentStrategyType;
}
std::int32_t replicas_of(const appsv1::Deployment& deployment) { return deployment.spec.replicas.value_or(1); }
std::int32_t replicas_of(const appsv1::ReplicaSet& replica_set) { return replica_set.spec.replicas.value_or(1); }

bool has_progress_deadline(const appsv1::Deployment& deployment) {
  return deployment.spec.progressDeadlineSeconds.value_or(std::numeric_limits<std::int32_t>::max()) != std::numeric_limits<std::int32_t>::max();
}
bool has_history_limit(const appsv1::Deployment& deployment) {
  return deployment.spec.revisionHistoryLimit.value_or(std::numeric_limits<std::int32_t>::max()) != std::numeric_limits<std::int32_t>::max();
}

std::int32_t max_surge(const appsv1::Deployment& deployment) { return is_rolling(deployment) ? fenceposts(deployment).surge : 0; }

std::int32_t max_unavailable(const appsv1::Deployment& deployment) {
  if (!is_rolling(deployment) || replicas_of(deployment) == 0) return 0;
  return std::min(fenceposts(deployment).unavailable, replicas_of(deployment));
}

std::int32_t proportion(const appsv1::ReplicaSet& replica_set, const appsv1::Deployment& deployment, std::int32_t to_add, std::int32_t added) {
  const std::int32_t size = replicas_of(replica_set);
  if (size == 0 || to_add == 0 || to_add == added) return 0;
  std::int32_t fraction = -size;
  if (replicas_of(deployment) != 0) {
    const double whole = number_annotation(replica_set, max_replicas_annotation).value_or(deployment.status.replicas);
    const double wanted = replicas_of(deployment) + max_surge(deployment);
    fraction = whole == 0 ? 0 : static_cast<std::int32_t>(std::lround(size * wanted / whole)) - size;
  }
  const std::int32_t left = to_add - added;
  return to_add > 0 ? std::min(fraction, left) : std::max(fraction, left);
}

std::optional<std::int32_t> number_annotation(const appsv1::ReplicaSet& replica_set, std::string_view name) {
  const auto number = parse_int(replica_set.metadata.annotations.get(name).view());
  return number ? std::optional(static_cast<std::int32_t>(*number)) : std::nullopt;
}

std::int64_t revision_of(const appsv1::ReplicaSet& replica_set) {
  return parse_int(replica_set.metadata.annotations.get(revision_annotation).view()).value_or(0);
}

std::string template_hash(const corev1::PodTemplateSpec& pod_template, std::optional<std::int32_t> collisions) {
  std::string text = api::to_json(pod_template);
  if (collisions) text += std::to_string(*collisions);
  std::uint32_t hash = 2166136261u;
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 16777619u;
  return safe_encoded(hash);
}

bool same_template(const corev1::PodTemplateSpec& a, const corev1::PodTemplateSpec& b) {
  if (!api::semantically_equal(corev1::PodSpec::info(), &a.spec, &b.spec)) return false;
  metav1::ObjectMeta left = a.metadata, right = b.metadata;
  left.labels.erase(appsv1::DefaultDeploymentUniqueLabelKey);
  right.labels.erase(appsv1::DefaultDeploymentUniqueLabelKey);
  return api::semantically_equal(metav1::ObjectMeta::info(), &left, &right);
}

bool annotate(appsv1::ReplicaSet& replica_set, const appsv1::Deployment& deployment, std::int64_t revision, bool is_new) {
  bool changed = false;
  for (const auto& [name, value] : deployment.metadata.annotations) {
    if (std::find(std::begin(bookkeeping), std::end(bookkeeping), name.view()) != std::end(bookkeeping)) continue;
    changed |= set_annotation(replica_set, name, value);
  }
  const std::string former = replica_set.metadata.annotations.get(revision_annotation).str();
  const auto former_number = former.empty() ? std::optional<std::int64_t>(0) : parse_int(former);
  if (!former_number) return false;
  if (*former_number < revision) {
    changed |= set_annotation(replica_set, revision_annotation, std::to_string(revision));
    if (!former.empty()) remember_revision(replica_set, former);
  }
  if (is_new) changed |= annotate_replicas(replica_set, deployment);
  return changed;
}

bool annotate_replicas(appsv1::ReplicaSet& replica_set, const appsv1::Deployment& deployment) {
  const std::int32_t desired = replicas_of(deployment);
  const bool first = set_annotation(replica_set, desired_replicas_annotation, std::to_string(desired));
  return set_annotation(replica_set, max_replicas_annotation, std::to_string(desired + max_surge(deployment))) || first;
}

const appsv1::DeploymentCondition* condition(const appsv1::DeploymentStatus& status, std::string_view type) {
  for (const appsv1::DeploymentCondition& condition : status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

void remove_condition(appsv1::DeploymentStatus& status, std::string_view type) {
  status.conditions.erase_if([&](const appsv1::DeploymentCondition& condition) { return condition.type == type; });
}

void set_condition(appsv1::DeploymentStatus& status, appsv1::DeploymentCondition next) {
  if (const auto* current = condition(status, next.type); current && current->status == next.status) {
    if (current->reason == next.reason) return;
    next.lastTransitionTime = current->lastTransitionTime;
  }
  remove_condition(status, next.type);
  status.conditions.push_back(std::move(next));
}

appsv1::DeploymentCondition make_condition(std::string_view type, std::string_view status, std::string_view reason, std::string_view message,
                                           WallTime now) {
  appsv1::DeploymentCondition made;
  made.type = type;
  made.status = status;
  made.reason = reason;
  made.message = message;
  made.lastUpdateTime = made.lastTransitionTime = api::Time::from(now);
  return made;
}

}  // namespace plumb::controllers::deployment
