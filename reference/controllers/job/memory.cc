#include "reference/controllers/job/memory.h"

namespace plumb::controllers::job {

void Memory::untracking(const std::string& key, const Pods& pods) {
  std::lock_guard lock(mutex_);
  for (const PodPtr& pod : pods) jobs_[key].in_flight.insert(pod->metadata.uid.str());
}

void Memory::untracked(const std::string& key, std::string_view uid) {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find(key);
  if (found == jobs_.end()) return;
  if (const auto at = found->second.in_flight.find(uid); at != found->second.in_flight.end()) found->second.in_flight.erase(at);
}

Uids Memory::in_flight(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find(key);
  return found == jobs_.end() ? Uids() : found->second.in_flight;
}

Backoff Memory::backoff(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto found = jobs_.find(key);
  return found == jobs_.end() ? Backoff() : found->second.backoff;
}

void Memory::remember(const std::string& key, const Backoff& backoff) {
  std::lock_guard lock(mutex_);
  jobs_[key].backoff = backoff;
}

void Memory::forget(const std::string& key) {
  {
    std::lock_guard lock(mutex_);
    jobs_.erase(key);
  }
  writes_.forget(key);
}

}  // namespace plumb::controllers::job
