#include "reference/proxy/proxy.h"

#include <condition_variable>
#include <thread>

#include "harness/base/log.h"
#include "reference/informer/work_queue.h"

namespace plumb::proxy {
namespace {

using namespace std::chrono_literals;

constexpr char sync_key[] = "sync", verify_key[] = "verify";
constexpr Duration first_limit = 30s, first_retry = 100ms;

}  // namespace

class Proxy::Core {
 public:
  Core(ProxyOptions options, std::unique_ptr<Nftables> nftables, std::unique_ptr<Conntrack> conntrack, informer::Client& client, Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        nftables_(std::move(nftables)),
        conntrack_(std::move(conntrack)),
        health_(clock, 2 * options_.sync_period),
        checks_(options_.proxier.node_ips.empty() ? "0.0.0.0" : options_.proxier.node_ips.front().text(), health_),
        queue_(clock),
        informers_(client, clock),
        proxier_(options_.proxier, informers_, *nftables_, conntrack_.get(), clock, [this] { wake(); }) {}

  ~Core() {
    queue_.shut_down();
    if (thread_.joinable()) thread_.join();
    informers_.stop();
  }

  Status start() {
    if (options_.healthz) healthz_server_ = PLUMB_TRY(serve_health(*options_.healthz, health_));
    if (options_.metrics) metrics_server_ = PLUMB_TRY(serve_metrics(*options_.metrics, health_));
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
        proxier_.verify();
        queue_.add(sync_key);
        queue_.add_after(verify_key, options_.sync_period);
      }
      queue_.done(*key);
    }
  }

  void sync() {
    if (!proxier_.has_synced()) return queue_.add_after(sync_key, 5ms);
    const Status synced = proxier_.sync();
    last_sync_ = clock_.now().time_since_epoch().count();
    health_.set_node_eligible(proxier_.node_eligible());
    checks_.set(proxier_.health_checks());
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

  const ProxyOptions options_;
  Clock& clock_;
  const std::unique_ptr<Nftables> nftables_;
  const std::unique_ptr<Conntrack> conntrack_;
  Health health_;
  HealthCheckServers checks_;
  informer::WorkQueue queue_;
  informer::InformerFactory informers_;
  Proxier proxier_;
  std::unique_ptr<net::Server> healthz_server_, metrics_server_;
  std::atomic<Duration::rep> last_sync_{0};
  Duration retry_ = first_retry;
  std::mutex mutex_;
  std::condition_variable written_;
  bool first_written_ = false;  // under mutex_
  std::thread thread_;
};

Proxy::Proxy(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Proxy::~Proxy() = default;

Result<std::unique_ptr<Proxy>> Proxy::start(ProxyOptions options, informer::Client& client, Clock& clock) {
  auto nftables = PLUMB_TRY(open_nftables());
  auto conntrack = open_conntrack();
  if (!conntrack.ok()) log::warning(kComponent, conntrack.error().message + "; UDP clients of endpoints that are gone get no answer until they have been silent for a while");
  auto core = std::make_unique<Core>(std::move(options), std::move(nftables), conntrack.ok() ? std::move(*conntrack) : nullptr, client, clock);
  PLUMB_TRY(core->start());
  return std::unique_ptr<Proxy>(new Proxy(std::move(core)));
}

Status clean_up() {
  const auto nftables = PLUMB_TRY(open_nftables());
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const std::string table = table_name(family);
    PLUMB_TRY(nftables->run("add table " + table + "\ndelete table " + table + "\n"));
  }
  return {};
}

}  // namespace plumb::proxy
