#include "reference/metrics/scraper.h"

#include <algorithm>
#include <atomic>

#include "harness/base/log.h"

namespace plumb::metrics_api {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_answer = 32 << 20;

Duration timeout_of(Duration resolution) { return std::min<Duration>(resolution * 9 / 10, 10s); }

}  // namespace

struct Scraper::Core : std::enable_shared_from_this<Core> {
  Core(ScraperOptions options, informer::Informer& informer, Samples& samples, Clock& clock)
      : options(std::move(options)), informer(informer), nodes(informer.lister<corev1::Node>()), samples(&samples), clock(clock) {}

  const ScraperOptions options;
  informer::Informer& informer;
  const informer::Lister<corev1::Node> nodes;
  Samples* const samples;
  Clock& clock;
  std::atomic<bool> scraped{false};
  std::mutex mutex;
  // All below under mutex.
  bool stopped = false;
  Clock::TimerId timer = 0;
  struct Target {
    resources::KubeletAddress address;
    std::shared_ptr<net::HttpClient> http;
    bool failed = false;  // the last time
  };
  std::map<std::string, Target> targets;
  std::deque<std::string> waiting;
  std::set<std::string> queued;  // waiting, or being asked
  std::size_t asking = 0;

  void changed(const informer::ObjectPtr& before, const informer::ObjectPtr& after) {
    const std::string name = (after ? after : before)->metadata.name.str();
    if (!after) return forget(name);
    const auto now = resources::kubelet_address(*api::as<corev1::Node>(after));
    const auto was = before ? resources::kubelet_address(*api::as<corev1::Node>(before)) : std::nullopt;
    if (now && (!was || was->host != now->host || was->port != now->port)) enqueue(name);
  }
  void forget(const std::string& name) {
    std::shared_ptr<net::HttpClient> gone;
    {
      std::lock_guard lock(mutex);
      if (const auto found = targets.find(name); found != targets.end()) {
        gone = std::move(found->second.http);
        targets.erase(found);
      }
      if (!stopped) samples->forget(name);
    }
  }

  void tick() {
    for (const auto& node : nodes.list()) enqueue(node->metadata.name.str());
    std::lock_guard lock(mutex);
    if (!stopped)
      timer = clock.after(options.resolution, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->tick();
      });
  }
  void enqueue(const std::string& name) {
    {
      std::lock_guard lock(mutex);
      if (stopped || !queued.insert(name).second) return;
      waiting.push_back(name);
    }
    pump();
  }
  void pump() {
    for (;;) {
      std::string name;
      std::shared_ptr<net::HttpClient> http;
      {
        std::lock_guard lock(mutex);
        if (stopped || waiting.empty() || asking >= options.concurrency) return;
        name = std::move(waiting.front());
        waiting.pop_front();
        http = connection(name);
        if (!http) {
          queued.erase(name);
          continue;
        }
        ++asking;
      }
      net::ClientRequest request;
      request.target = "/metrics/resource";
      request.headers.set("accept", "text/plain;version=0.0.4");
      request.headers.set("user-agent", "metrics-server");
      request.timeout = timeout_of(options.resolution);
      http->send_async(std::move(request), [weak = weak_from_this(), name](Result<net::ClientResponse> response) {
        if (const auto self = weak.lock()) self->answered(name, std::move(response));
      });
    }
  }
  // Under mutex; nullptr where the node has no address.
  std::shared_ptr<net::HttpClient> connection(const std::string& name) {
    const auto node = nodes.get(name);
    const auto address = node ? resources::kubelet_address(*node) : std::nullopt;
    if (!address) return nullptr;
    Target& target = targets[name];
    if (target.http && target.address.host == address->host && target.address.port == address->port && target.address.server_name == address->server_name) return target.http;
    net::ClientOptions connecting;
    connecting.endpoint = {address->host, address->port, {}};
    connecting.tls = options.kubelet;
    connecting.tls->server_name = address->server_name;
    connecting.http1_connections = 1;
    connecting.max_response_bytes = largest_answer;
    auto made = net::HttpClient::create(std::move(connecting));
    if (!made.ok()) return nullptr;
    target.address = *address;
    target.http = std::move(*made);
    return target.http;
  }
  void answered(const std::string& name, Result<net::ClientResponse> response) {
    Status done = take(name, std::move(response));
    bool say = false;
    {
      std::lock_guard lock(mutex);
      --asking;
      queued.erase(name);
      if (const auto found = targets.find(name); found != targets.end()) {
        say = !done.ok() && !found->second.failed;
        found->second.failed = !done.ok();
      }
    }
    if (say) log::warning("metrics-server", "reading what node " + name + " uses: " + done.error().message);
    pump();
  }
  Status take(const std::string& name, Result<net::ClientResponse> response) {
    if (!response.ok()) return std::move(response).error();
    if (response->status != 200) return fail(Code::unavailable, "its kubelet answers " + std::to_string(response->status) + ": " + response->body.substr(0, 200));
    Scrape scrape = PLUMB_TRY(read_scrape(response->body, clock.wall()));
    std::lock_guard lock(mutex);
    if (stopped) return {};
    samples->store(name, std::move(scrape));
    scraped = true;
    return {};
  }
  void stop() {
    std::map<std::string, Target> gone;
    std::lock_guard lock(mutex);
    stopped = true;
    clock.cancel(timer);
    gone.swap(targets);
  }
};

Scraper::Scraper(ScraperOptions options, informer::Informer& nodes, Samples& samples, Clock& clock)
    : core_(std::make_shared<Core>(std::move(options), nodes, samples, clock)) {}
Scraper::~Scraper() { core_->stop(); }
void Scraper::start() {
  core_->informer.add_handler([weak = std::weak_ptr(core_)](const informer::ObjectPtr& before, const informer::ObjectPtr& after) {
    if (const auto core = weak.lock()) core->changed(before, after);
  });
  core_->tick();
}
bool Scraper::has_scraped() const { return core_->scraped; }

}  // namespace plumb::metrics_api
