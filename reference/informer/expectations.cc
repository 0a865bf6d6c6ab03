#include "reference/informer/expectations.h"

namespace plumb::informer {

void Expectations::expect(const std::string& owner, int creations, const std::vector<std::string>& deletions) {
  std::lock_guard lock(mutex_);
  Outstanding& outstanding = owners_[owner];
  outstanding.creations = creations;
  outstanding.deletions = {deletions.begin(), deletions.end()};
  outstanding.since = clock_.now();
}

void Expectations::creation_observed(const std::string& owner, int count) {
  std::lock_guard lock(mutex_);
  const auto found = owners_.find(owner);
  if (found == owners_.end()) return;
  found->second.creations -= count;
  if (found->second.none()) owners_.erase(found);
}

void Expectations::deletion_observed(const std::string& owner, const std::string& key) {
  std::lock_guard lock(mutex_);
  const auto found = owners_.find(owner);
  if (found == owners_.end()) return;
  found->second.deletions.erase(key);
  if (found->second.none()) owners_.erase(found);
}

bool Expectations::satisfied(const std::string& owner) const {
  std::lock_guard lock(mutex_);
  const auto found = owners_.find(owner);
  return found == owners_.end() || clock_.now() - found->second.since > timeout;
}

Instant Expectations::deadline(const std::string& owner) const {
  std::lock_guard lock(mutex_);
  const auto found = owners_.find(owner);
  return found == owners_.end() ? Instant{} : found->second.since + timeout;
}

void Expectations::forget(const std::string& owner) {
  std::lock_guard lock(mutex_);
  owners_.erase(owner);
}

}  // namespace plumb::informer
