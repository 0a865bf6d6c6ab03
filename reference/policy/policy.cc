#include "reference/policy/policy.h"

#include <condition_variable>
#include <thread>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "reference/informer/work_queue.h"

namespace plumb::policy {
namespace {

using namespace std::chrono_literals;

constexpr char sync_key[] = "sync", verify_key[] = "verify";
constexpr Duration first_limit = 30s, first_retry = 100ms, until_synced = 5ms;
constexpr char bridge_switch[] = "/proc/sys/net/bridge/bridge-nf-call-iptables";

}  // namespace

class PolicyAgent::Core {
 public:
  Core(PolicyOptions options, std::unique_ptr<proxy::Nftables> nftables, informer::Client& client, Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        nftables_(std::move(nftables)),
        health_(clock, 2 * options_.sync_period),
        queue_(clock),
        informers_(client, clock),
        enforcer_(options_.enforcer, informers_, *nftables_, clock, [this] { wake(); }) {}

  ~Core() {
    queue_.shut_down();
    if (thread_.joinable()) thread_.join();
    informers_.stop();
  }

  Status start() {
    if (options_.healthz) server_ = PLUMB_TRY(proxy::serve_health(*options_.healthz, health_));
    health_.queued();
    informers_.start();
    thread_ = std::thread([this] { run(); });
    queue_.add(sync_key);
    queue_.add_after(verify_key, options_.sync_period);
    std::unique_lock lock(mutex_);
    written_.wait_for(lock, first_limit, [this] { return first_written_; });
    return {};
  }

 private:
  void wake() {
    health_.queued();
    const Duration since = clock_.now() - Instant(Duration(last_sync_.load()));
    if (since >= options_.min_sync_period) queue_.add(sync_key);
    else queue_.add_after(sync_key, options_.min_sync_period - since);
  }

  void run() {
    while (const auto key = queue_.get()) {
      if (*key == sync_key) {
        sync();
      } else {
        enforcer_.verify();
        queue_.add(sync_key);
        queue_.add_after(verify_key, options_.sync_period);
      }
      queue_.done(*key);
    }
  }

  void sync() {
    if (!enforcer_.has_synced()) return queue_.add_after(sync_key, until_synced);
    const Status synced = enforcer_.sync();
    // The first policy makes it watch more.
    if (synced.ok() && !enforcer_.has_synced()) return queue_.add_after(sync_key, until_synced);
    last_sync_ = clock_.now().time_since_epoch().count();
    if (synced.ok()) {
      health_.updated();
      retry_ = first_retry;
    } else {
      log::error(kComponent, synced.error().message + "; trying again");
      queue_.add_after(sync_key, retry_);
      retry_ = std::min(retry_ * 2, options_.sync_period);
    }
    std::lock_guard lock(mutex_);
    first_written_ = true;
    written_.notify_all();
  }

  const PolicyOptions options_;
  Clock& clock_;
  const std::unique_ptr<proxy::Nftables> nftables_;
  proxy::Health health_;
  informer::WorkQueue queue_;
  informer::InformerFactory informers_;
  Enforcer enforcer_;
  std::unique_ptr<net::Server> server_;
  std::atomic<Duration::rep> last_sync_{0};
  Duration retry_ = first_retry;
  std::mutex mutex_;
  std::condition_variable written_;
  bool first_written_ = false;  // under mutex_
  std::thread thread_;
};

PolicyAgent::PolicyAgent(std::unique_ptr<Core> core) : core_(std::move(core)) {}
PolicyAgent::~PolicyAgent() = default;

Result<std::unique_ptr<PolicyAgent>> PolicyAgent::start(PolicyOptions options, informer::Client& client, Clock& clock) {
  auto nftables = PLUMB_TRY(proxy::open_nftables());
  if (const std::string problem = bridge_problem(); !problem.empty()) log::warning(kComponent, problem);
  auto core = std::make_unique<Core>(std::move(options), std::move(nftables), client, clock);
  PLUMB_TRY(core->start());
  return std::unique_ptr<PolicyAgent>(new PolicyAgent(std::move(core)));
}

Status clean_up() {
  const auto nftables = PLUMB_TRY(proxy::open_nftables());
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const std::string table = policy_table(family);
    PLUMB_TRY(nftables->run("add table " + table + "\ndelete table " + table + "\n"));
  }
  return {};
}

std::string bridge_problem() {
  const auto value = read_file(bridge_switch);
  if (value.ok() && trim(*value) == "1") return "";
  return "NetworkPolicies do not hold between pods of one node that share a bridge: " + std::string(bridge_switch) +
         (value.ok() ? " is " + std::string(trim(*value)) + "; set it to 1" : " is not there; load the module br_netfilter and set it to 1");
}

}  // namespace plumb::policy
