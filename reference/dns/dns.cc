#include "reference/dns/dns.h"

#include <arpa/inet.h>

#include <atomic>
#include <mutex>
#include <sstream>

#include "harness/base/log.h"
#include "harness/base/metrics.h"
#include "harness/net/server.h"
#include "reference/dns/observer.h"

namespace plumb::dns {
namespace {

using namespace std::chrono_literals;

constexpr char component[] = "dns", text_type[] = "text/plain; charset=utf-8", metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr Duration first_look = 5ms, last_look = 200ms;

using Page = std::function<std::pair<int, std::string>()>;

Result<std::unique_ptr<net::Server>> serve(const Listen& listen, const std::string& path, const char* type, Page page) {
  net::ServerOptions options;
  options.address = listen.address;
  options.port = listen.port;
  options.max_body_bytes = 16 << 10;
  options.max_connections = 100;
  options.name = path.substr(1);
  return net::Server::start(std::move(options), [path, type, page = std::move(page)](const net::Request& request, net::ResponseWriter response) {
    if (request.path != path) return response.send(404, {{"Content-Type", text_type}}, "404 page not found\n");
    auto [status, body] = page();
    response.send(status, {{"Content-Type", type}}, std::move(body));
  });
}

bool is_loopback(const SocketAddress& address) {
  if (address.family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_addr);
  return ntohl(reinterpret_cast<const sockaddr_in&>(address.storage).sin_addr.s_addr) >> 24 == 127;
}

}  // namespace

class Dns::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(const DnsOptions& options, informer::Client& client, Clock& clock)
      : options_(options), clock_(clock), zone_(options.zone, clock.wall()), informers_(client, clock), observer_(zone_, informers_, clock) {}

  Status start() {
    export_build();
    server_ = PLUMB_TRY(Server::start(options_.server, zone_, clock_));
    if (options_.health) health_ = PLUMB_TRY(serve(*options_.health, "/health", text_type, [] { return std::pair(200, std::string("OK")); }));
    if (options_.ready)
      ready_ = PLUMB_TRY(serve(*options_.ready, "/ready", text_type, [this] { return zone_.complete() ? std::pair(200, std::string("OK")) : std::pair(503, std::string("kubernetes")); }));
    if (options_.metrics) metrics_ = PLUMB_TRY(serve(*options_.metrics, "/metrics", metrics_type, [] { return std::pair(200, metrics::text()); }));
    informers_.start();
    look(first_look);
    return {};
  }
  void stop() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    health_.reset();
    ready_.reset();
    metrics_.reset();
    server_.reset();
    informers_.stop();
  }
  std::uint16_t port() const { return server_->port(); }
  bool ready() const { return zone_.complete(); }

 private:
  // Until the informers have synced, and never again.
  void look(Duration next) {
    clock_.after(next, [weak = weak_from_this(), next] {
      const auto self = weak.lock();
      if (!self) return;
      std::lock_guard lock(self->mutex_);
      if (self->stopped_) return;
      if (!self->informers_.has_synced()) return self->look(std::min(next * 2, last_look));
      self->zone_.set_complete();
      log::info(component, "answers for " + self->options_.zone.domain);
    });
  }

  const DnsOptions options_;
  Clock& clock_;
  Zone zone_;
  informer::InformerFactory informers_;
  Observer observer_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<net::Server> health_, ready_, metrics_;
  std::mutex mutex_;
  bool stopped_ = false;  // under mutex_
};

Dns::Dns(std::shared_ptr<Core> core) : core_(std::move(core)) {}
Dns::~Dns() { core_->stop(); }
std::uint16_t Dns::port() const { return core_->port(); }
bool Dns::ready() const { return core_->ready(); }

Result<std::unique_ptr<Dns>> Dns::start(DnsOptions options, informer::Client& client, Clock& clock) {
  auto core = std::make_shared<Core>(options, client, clock);
  std::unique_ptr<Dns> made(new Dns(core));
  PLUMB_TRY(core->start());
  return made;
}

Result<std::vector<SocketAddress>> servers_in(const std::string& resolv_conf) {
  std::vector<SocketAddress> servers;
  std::istringstream lines(resolv_conf);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string key, address;
    if (!(words >> key >> address) || key != "nameserver") continue;
    const SocketAddress server = PLUMB_TRY(parse_server(address));
    if (is_loopback(server)) log::warning(component, "forwarding not to " + address + ": here that would be this server itself");
    else servers.push_back(server);
  }
  return servers;
}

}  // namespace plumb::dns
