#include "reference/controllers/framework/own_writes.h"

#include "harness/base/encoding.h"

namespace plumb::controllers {

namespace {

std::int64_t version_of(const api::Object& object) { return parse_int(object.metadata.resourceVersion).value_or(0); }

}  // namespace

void OwnWrites::wrote(const std::string& key, const api::Object& answer, const Now& now) {
  std::lock_guard lock(mutex_);
  writes_[key] = {version_of(answer), now.steady};
}

std::optional<Duration> OwnWrites::awaited(const std::string& key, const api::Object& cached, const Now& now) {
  std::lock_guard lock(mutex_);
  const auto found = writes_.find(key);
  if (found == writes_.end()) return std::nullopt;
  const Duration left = found->second.at + timeout - now.steady;
  if (version_of(cached) < found->second.version && left > Duration::zero()) return left;
  writes_.erase(found);
  return std::nullopt;
}

void OwnWrites::forget(const std::string& key) {
  std::lock_guard lock(mutex_);
  writes_.erase(key);
}

}  // namespace plumb::controllers
