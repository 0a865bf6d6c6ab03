#include "reference/store/embedded/leases.h"

namespace plumb::store::embedded {
namespace {

constexpr std::chrono::seconds retry_delay{1};

Error gone(LeaseId lease) {
  return fail(Code::not_found, "keeping lease " + std::to_string(lease) + " alive: it does not exist or has ended", reason::lease_not_found);
}

}  // namespace

Leases::Leases(Clock& clock, std::function<void(std::vector<LeaseId>)> expire) : clock_(clock), expire_(std::move(expire)) { gate_->owner = this; }
Leases::~Leases() { stop(); }

void Leases::start() {
  std::lock_guard lock(mutex_);
  running_ = true;
  arm();
}

void Leases::stop() {
  {
    std::lock_guard gate(gate_->mutex);
    gate_->owner = nullptr;
  }
  std::lock_guard lock(mutex_);
  running_ = false;
  if (armed_) clock_.cancel(timer_);
  armed_.reset();
}

void Leases::add(LeaseId lease, std::chrono::seconds ttl) {
  std::lock_guard lock(mutex_);
  leases_[lease] = Lease{ttl, clock_.now() + ttl};
  arm();
}

void Leases::remove(LeaseId lease) {
  std::lock_guard lock(mutex_);
  leases_.erase(lease);
}

void Leases::retry(const std::vector<LeaseId>& leases) {
  std::lock_guard lock(mutex_);
  for (const LeaseId id : leases) {
    const auto found = leases_.find(id);
    if (found == leases_.end()) continue;
    found->second.ending = false;
    found->second.deadline = clock_.now() + retry_delay;
  }
  arm();
}

Result<std::chrono::seconds> Leases::keepalive(LeaseId lease) {
  std::lock_guard lock(mutex_);
  const auto found = leases_.find(lease);
  if (found == leases_.end() || found->second.ending) return gone(lease);
  found->second.deadline = clock_.now() + found->second.ttl;
  return found->second.ttl;
}

// One timer, at the earliest deadline; a keep-alive leaves it and the early call finds nothing due.
void Leases::arm() {
  if (!running_) return;
  std::optional<Instant> next;
  for (const auto& [id, lease] : leases_)
    if (!lease.ending && (!next || lease.deadline < *next)) next = lease.deadline;
  if (!next || (armed_ && *armed_ <= *next)) return;
  if (armed_) clock_.cancel(timer_);
  armed_ = next;
  timer_ = clock_.at(*next, [gate = gate_] {
    std::lock_guard lock(gate->mutex);
    if (gate->owner) gate->owner->fire();
  });
}

void Leases::fire() {
  std::vector<LeaseId> ended;
  {
    std::lock_guard lock(mutex_);
    armed_.reset();
    for (auto& [id, lease] : leases_)
      if (!lease.ending && lease.deadline <= clock_.now()) {
        lease.ending = true;
        ended.push_back(id);
      }
    arm();
  }
  if (!ended.empty()) expire_(std::move(ended));
}

}  // namespace plumb::store::embedded
