// How large each replica set of a deployment is to be.
#include <algorithm>

#include "reference/controllers/deployment/pass.h"
#include "reference/controllers/framework/count_or_percent.h"

namespace plumb::controllers::deployment {

namespace {

using appsv1::ReplicaSet;

// Available pods that are left when the replica set has come down to its size: until then its status counts those, too, that have to go.
std::int32_t lasting(const ReplicaSet& set) { return std::min(available(set), replicas_of(set)); }

// Its status may date from before it was made smaller and larger again, and count pods that are gone.
bool is_uncertain(const ReplicaSet* set) { return lasting(*set) > 0 && set->status.observedGeneration < set->metadata.generation; }

}  // namespace

bool Pass::is_scaling() const {
  return std::any_of(all_.begin(), all_.end(), [&](const ReplicaSet* set) {
    if (replicas_of(*set) == 0) return false;
    const auto noted = number_annotation(*set, desired_replicas_annotation);
    return noted && *noted != replicas_of(*deployment_);
  });
}

bool Pass::scale(ReplicaSet& set, std::int32_t size) {
  const std::int32_t before = replicas_of(set);
  if (before == size) return false;
  resize(set, size);
  return true;
}

// Also where only the annotations are out of date.
void Pass::resize(ReplicaSet& set, std::int32_t size) {
  const std::int32_t before = replicas_of(set);
  if (annotate_replicas(set, *deployment_) || before != size) changed_.insert(&set);
  if (before != size) scaled_.try_emplace(&set, before);
  set.spec.replicas = size;
}

void Pass::scale_all() {
  const std::int32_t replicas = replicas_of(*deployment_);
  const Sets running = active(all_);
  if (running.size() <= 1) {
    ReplicaSet* only = !running.empty() ? running.front() : new_ ? new_ : all_.empty() ? nullptr : all_.back();
    if (only) resize(*only, replicas);  // an adopted one may have the size, but not the note of it
    return;
  }
  if (is_saturated()) {
    for (ReplicaSet* set : active(old_)) scale(*set, 0);
    return;
  }
  if (is_rolling(*deployment_)) scale_in_proportion(running);
}

bool Pass::is_saturated() const {
  const std::int32_t replicas = replicas_of(*deployment_);
  return new_ && replicas_of(*new_) == replicas && number_annotation(*new_, desired_replicas_annotation) == replicas &&
         new_->status.availableReplicas == replicas;
}

// Spreads what is to be added or removed over the active replica sets by size, so that a rollout keeps its mixture.
void Pass::scale_in_proportion(Sets running) {
  const std::int32_t replicas = replicas_of(*deployment_);
  const std::int32_t allowed = replicas > 0 ? replicas + max_surge(*deployment_) : 0;
  const std::int32_t to_add = allowed - sum(running, wanted);
  std::sort(running.begin(), running.end(), [&](const ReplicaSet* a, const ReplicaSet* b) {
    if (replicas_of(*a) != replicas_of(*b)) return replicas_of(*a) > replicas_of(*b);
    return to_add > 0 ? older(b, a) : older(a, b);
  });
  std::vector<std::int32_t> sizes;
  std::int32_t added = 0;
  for (const ReplicaSet* set : running) {
    const std::int32_t part = proportion(*set, *deployment_, to_add, added);
    sizes.push_back(replicas_of(*set) + part);
    added += part;
  }
  sizes.front() = std::max(0, sizes.front() + to_add - added);
  for (std::size_t i = 0; i < running.size(); ++i) resize(*running[i], sizes[i]);
}

bool Pass::grow_new() { return scale(*new_, new_size(sum(all_, wanted), replicas_of(*new_))); }

// The size that surge allows the new replica set, when it has `now` of `total` pods.
std::int32_t Pass::new_size(std::int32_t total, std::int32_t size) const {
  const std::int32_t replicas = replicas_of(*deployment_);
  if (!is_rolling(*deployment_) || size > replicas) return replicas;
  const auto* rolling = deployment_->spec.strategy.rollingUpdate.get();
  const std::int32_t most = replicas + (rolling ? scaled_value(rolling->maxSurge, replicas, true) : 0);
  return total >= most ? size : size + std::min(most - total, replicas - size);
}

// By upstream's rules, but of each status only what lasts counts: one that lags behind the size of its replica set would have pods taken
// twice, and more be unavailable than may be.
bool Pass::shrink_old() {
  const Sets old = active(old_);
  if (old.empty() || std::any_of(all_.begin(), all_.end(), is_uncertain)) return false;
  const std::int32_t least = replicas_of(*deployment_) - max_unavailable(*deployment_);
  const std::int32_t unavailable_new = replicas_of(*new_) - lasting(*new_);
  const std::int32_t most = sum(all_, wanted) - least - unavailable_new;
  if (most <= 0) return false;
  const bool cleaned = shrink(old, most, [](const ReplicaSet& set) { return replicas_of(set) - lasting(set); });
  return shrink(old, sum(all_, lasting) - least, wanted) || cleaned;
}

// Takes up to `most` pods from the oldest first, from each at most what `part` gives.
template <class Part>
bool Pass::shrink(const Sets& sets, std::int32_t most, Part part) {
  bool any = false;
  for (ReplicaSet* set : sets) {
    const std::int32_t count = std::min({most, part(*set), replicas_of(*set)});
    if (count <= 0) continue;
    any |= scale(*set, replicas_of(*set) - count);
    most -= count;
  }
  return any;
}

}  // namespace plumb::controllers::deployment
