#include "reference/apiserver/registry/event_leases.h"

namespace plumb::apiserver {
namespace {

constexpr std::chrono::seconds time_to_live = std::chrono::hours(1);
constexpr Duration shared_for = std::chrono::minutes(1);

}  // namespace

Result<store::LeaseId> EventLeases::current() {
  const std::lock_guard lock(mutex_);
  if (lease_ && clock_.now() - granted_ < shared_for) return lease_;
  return fail(Code::not_found, "no lease is fresh");
}

void EventLeases::with(WorkerPool& workers, std::function<void(Result<store::LeaseId>)> then) {
  if (const auto lease = current(); lease.ok()) return then(*lease);
  const bool accepted = workers.try_post([this, then] {
    const std::lock_guard granting(granting_);
    if (const auto lease = current(); lease.ok()) return then(*lease);
    const auto granted = store_.lease_grant(time_to_live);
    if (granted.ok()) {
      const std::lock_guard lock(mutex_);
      lease_ = *granted;
      granted_ = clock_.now();
    }
    then(granted);
  });
  if (!accepted) then(fail(Code::resource_exhausted, "too many requests wait for the store, please try again later"));
}

}  // namespace plumb::apiserver
