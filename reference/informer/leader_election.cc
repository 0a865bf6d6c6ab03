#include "reference/informer/leader_election.h"

#include <mutex>
#include <optional>

#include "harness/base/log.h"
#include "harness/base/metrics.h"
#include "harness/base/random.h"
#include "reference/api/types/coordinationv1.h"
#include "reference/informer/client.h"

namespace plumb::informer {

namespace {

using coordinationv1::Lease;
using LeasePtr = std::shared_ptr<const Lease>;

constexpr double jitter = 1.2;

std::string holder_of(const Lease& lease) { return lease.spec.holderIdentity ? lease.spec.holderIdentity->str() : std::string(); }

}  // namespace

class LeaderElector::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Client& client, Clock& clock, LeaderElectionOptions options, LeaderCallbacks callbacks)
      : client_(client), clock_(clock), options_(std::move(options)), callbacks_(std::move(callbacks)),
        status_(metrics::gauge("leader_election_master_status", "1 while this process leads, 0 while it waits", {{"name", options_.name}})),
        random_(std::hash<std::string>()(options_.identity)) {}

  void start() {
    status_.set(0);
    attempt();
  }

  void stop() {
    bool led;
    LeasePtr held;
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
      stopped_ = true;
      if (timer_) clock_.cancel(*timer_);
      led = std::exchange(leading_, false);
      held = seen_;
    }
    status_.set(0);
    if (led && options_.release_on_stop) release(std::move(held));
    if (led && callbacks_.stopped_leading) callbacks_.stopped_leading();
  }

  bool is_leader() const {
    std::lock_guard lock(mutex_);
    return leading_;
  }

 private:
  // A renewal that was on its way may have changed the lease since: then once more, with what it is now.
  void release(LeasePtr held) {
    for (const bool last : {false, true}) {
      auto released = std::make_shared<Lease>(*held);
      released->spec.holderIdentity = api::Str("");
      released->spec.leaseDurationSeconds = 1;
      released->spec.renewTime = released->spec.acquireTime = api::MicroTime::from(clock_.wall());
      const auto result = client_.call(update_request(released));
      if (result.ok()) return;
      const auto now = is_conflict(result.error()) && !last ? client_.get<Lease>(options_.namespace_, options_.name) : Result<LeasePtr>(result.error());
      if (!now.ok()) return log::warning("leader-election", "release lease " + options_.name + ": " + now.error().message);
      if (holder_of(**now) != options_.identity) return;
      held = *now;
    }
  }

  void attempt() {
    {
      std::lock_guard lock(mutex_);
      timer_.reset();
      if (stopped_) return;
      // A call that hangs must not keep a leader in office.
      if (leading_) timer_ = clock_.at(renewed_ + options_.renew_deadline, again([](Core& core) { core.check_deadline(); }));
    }
    client_.send(get_request(resource_of<Lease>(), options_.namespace_, options_.name), [weak = weak_from_this()](Result<ObjectPtr> result) {
      if (const auto core = weak.lock()) core->got(std::move(result));
    });
  }

  void got(Result<ObjectPtr> result) {
    if (result.ok()) return consider(std::static_pointer_cast<const Lease>(*result));
    if (!is_not_found(result.error())) return failed("read", result.error());
    auto lease = std::make_shared<Lease>();
    lease->metadata.namespace_ = options_.namespace_;
    lease->metadata.name = options_.name;
    fill(*lease, api::MicroTime::from(clock_.wall()), 0);
    write(create_request(lease));
  }

  void consider(const LeasePtr& lease) {
    {
      std::lock_guard lock(mutex_);
      if (!seen_ || !(seen_->spec == lease->spec)) observed_ = clock_.now();
      seen_ = lease;
    }
    const std::string holder = holder_of(*lease);
    report(holder);
    bool held_by_another;
    {
      std::lock_guard lock(mutex_);
      const Duration duration = std::chrono::seconds(lease->spec.leaseDurationSeconds.value_or(15));
      held_by_another = !holder.empty() && holder != options_.identity && observed_ + duration > clock_.now();
    }
    if (held_by_another) return wait();
    const bool mine = holder == options_.identity;
    auto next = std::make_shared<Lease>(*lease);
    fill(*next, mine && lease->spec.acquireTime ? lease->spec.acquireTime : api::MicroTime::from(clock_.wall()),
         lease->spec.leaseTransitions.value_or(0) + (mine ? 0 : 1));
    write(update_request(next));
  }

  void fill(Lease& lease, api::MicroTime acquired, std::int32_t transitions) const {
    lease.spec.holderIdentity = api::Str(options_.identity);
    lease.spec.leaseDurationSeconds = static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::seconds>(options_.lease_duration).count());
    lease.spec.acquireTime = acquired;
    lease.spec.renewTime = api::MicroTime::from(clock_.wall());
    lease.spec.leaseTransitions = transitions;
  }

  void write(Request request) {
    const Instant sent = clock_.now();
    client_.send(std::move(request), [weak = weak_from_this(), sent](Result<ObjectPtr> result) {
      if (const auto core = weak.lock()) core->written(std::move(result), sent);
    });
  }

  void written(Result<ObjectPtr> result, Instant sent) {
    if (!result.ok()) return failed("write", result.error());
    bool first;
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
      seen_ = std::static_pointer_cast<const Lease>(*result);
      observed_ = clock_.now();
      renewed_ = sent;
      first = !std::exchange(leading_, true);
    }
    report(options_.identity);
    if (first) {
      status_.set(1);
      log::info("leader-election", options_.identity + " leads " + options_.name);
      if (callbacks_.started_leading) callbacks_.started_leading();
    }
    wait();
  }

  void failed(std::string_view attempted, const Error& error) {
    log::warning("leader-election", std::string(attempted) + " lease " + options_.name + ": " + error.message);
    if (!check_deadline()) wait();
  }

  // True when the elector has given up.
  bool check_deadline() {
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return true;
      if (!leading_ || clock_.now() < renewed_ + options_.renew_deadline) return false;
      leading_ = false;
      stopped_ = true;
      if (timer_) clock_.cancel(*timer_);
    }
    status_.set(0);
    log::error("leader-election", options_.identity + " could not renew lease " + options_.name + " in time and leads no more");
    if (callbacks_.stopped_leading) callbacks_.stopped_leading();
    return true;
  }

  void wait() {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    if (timer_) clock_.cancel(*timer_);
    double factor = 1;
    if (!leading_) factor += jitter * random_.uniform();
    const auto delay = std::chrono::duration_cast<Duration>(options_.retry_period * factor);
    timer_ = clock_.after(delay, again([](Core& core) { core.attempt(); }));
  }

  void report(const std::string& holder) {
    {
      std::lock_guard lock(mutex_);
      if (stopped_ || holder.empty() || holder == reported_) return;
      reported_ = holder;
    }
    if (callbacks_.new_leader) callbacks_.new_leader(holder);
  }

  template <class Step>
  std::function<void()> again(Step step) {
    return [weak = weak_from_this(), step] {
      if (const auto core = weak.lock()) step(*core);
    };
  }

  Client& client_;
  Clock& clock_;
  const LeaderElectionOptions options_;
  const LeaderCallbacks callbacks_;
  metrics::Gauge status_;
  mutable std::mutex mutex_;
  // All below under mutex_.
  Random random_;
  LeasePtr seen_;
  Instant observed_;  // when seen_ last changed
  Instant renewed_;   // when the last successful write was sent
  std::string reported_;
  std::optional<Clock::TimerId> timer_;
  bool leading_ = false, stopped_ = false;
};

LeaderElector::LeaderElector(Client& client, Clock& clock, LeaderElectionOptions options, LeaderCallbacks callbacks)
    : core_(std::make_shared<Core>(client, clock, std::move(options), std::move(callbacks))) {}
LeaderElector::~LeaderElector() { core_->stop(); }
void LeaderElector::start() { core_->start(); }
void LeaderElector::stop() { core_->stop(); }
bool LeaderElector::is_leader() const { return core_->is_leader(); }

}  // namespace plumb::informer
