#include "reference/controllers/daemonset/failed_pods.h"

#include <algorithm>

namespace plumb::controllers::daemonset {

std::optional<Duration> FailedPods::wait(std::string_view set_uid, std::int64_t generation, std::string_view node, Instant now) const {
  std::lock_guard lock(mutex_);
  const auto set = sets_.find(std::string(set_uid));
  if (set == sets_.end() || set->second.generation != generation) return std::nullopt;
  const auto entry = set->second.nodes.find(node);
  if (entry == set->second.nodes.end() || expired(entry->second, now)) return std::nullopt;
  const Duration left = entry->second.last + entry->second.delay - now;
  return left > Duration::zero() ? std::optional(left) : std::nullopt;
}

void FailedPods::failed(std::string_view set_uid, std::int64_t generation, std::string_view node, Instant now) {
  std::lock_guard lock(mutex_);
  OfSet& set = sets_[std::string(set_uid)];
  if (set.generation != generation) set = {generation, {}};
  std::erase_if(set.nodes, [&](const auto& entry) { return expired(entry.second, now); });
  const auto [entry, is_new] = set.nodes.try_emplace(std::string(node), Entry{first_delay, now});
  if (!is_new) entry->second = {std::min(2 * entry->second.delay, last_delay), now};
}

void FailedPods::forget(std::string_view set_uid) {
  std::lock_guard lock(mutex_);
  sets_.erase(std::string(set_uid));
}

}  // namespace plumb::controllers::daemonset
