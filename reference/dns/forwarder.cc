#include "reference/dns/forwarder.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "harness/base/random.h"
#include "harness/net/descriptor.h"

namespace plumb::dns {
namespace {

constexpr std::size_t least_tries = 2, length_prefix = 2;

std::string key_of(const Forward& forward) {
  const Query& query = *forward.query;
  const auto type = static_cast<std::uint16_t>(query.question.type);
  std::string key = lower(forward.name);
  key.push_back('\0');
  key.push_back(static_cast<char>(type >> 8));
  key.push_back(static_cast<char>(type & 255));
  key.push_back(static_cast<char>((query.dnssec_ok ? 1 : 0) | (query.checking_disabled ? 2 : 0)));
  return key;
}

// From the kernel, a pool at a time: ids that nobody can foretell.
std::uint16_t random_id() {
  thread_local std::string pool;
  if (pool.size() < 2) pool = random_bytes(512);
  const auto id = static_cast<std::uint16_t>(static_cast<unsigned char>(pool[pool.size() - 1]) << 8 | static_cast<unsigned char>(pool[pool.size() - 2]));
  pool.resize(pool.size() - 2);
  return id;
}

std::uint32_t seconds_between(Instant from, Instant to) { return static_cast<std::uint32_t>(std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(to - from).count())); }

}  // namespace

// One question under way.
class Forwarder::Exchange final : public net::detail::ReadySink, public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(Forwarder& forwarder, std::string key, const std::vector<SocketAddress>& servers, Waiter first)
      : forwarder_(forwarder), key_(std::move(key)), servers_(servers), query_(first.forward.query), name_(first.forward.name), began_(forwarder.clock_.now()) {
    waiters.push_back(std::move(first));
  }
  std::vector<Waiter> waiters;

  void start() { try_next(); }
  void drop() {
    over_ = true;
    end_try();
  }

  void on_readable() override {
    const auto self = shared_from_this();
    if (over_ || !socket_) return;
    tcp_ ? read_tcp() : read_udp();
  }
  void on_writable() override {
    const auto self = shared_from_this();
    if (over_ || !socket_ || !tcp_) return;
    int problem = 0;
    socklen_t size = sizeof problem;
    getsockopt(socket_->fd(), SOL_SOCKET, SO_ERROR, &problem, &size);
    if (problem != 0) return try_next();
    const ssize_t sent = send(socket_->fd(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return try_next();
    out_.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    if (!out_.empty()) return socket_->wait_write(self);
    socket_->wait_read(self);
  }

 private:
  const SocketAddress& server() const { return servers_[(tries_ - 1) % servers_.size()]; }

  void end_try() {
    if (timer_) forwarder_.reactor_->cancel(*std::exchange(timer_, std::nullopt));
    socket_.reset();
  }

  void try_next() {
    const bool late = forwarder_.clock_.now() - began_ >= forwarder_.options_.limit;
    if (late || tries_ >= std::max(least_tries, servers_.size())) return finish(std::nullopt);
    ++tries_;
    tcp_ = false;
    open();
  }

  void open() {
    end_try();
    const auto self = shared_from_this();
    const int fd = socket(server().family(), (tcp_ ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return finish(std::nullopt);
    socket_ = std::make_unique<net::detail::Descriptor>(forwarder_.reactor_, fd);
    id_ = random_id();
    try_began_ = forwarder_.clock_.now();
    timer_ = forwarder_.reactor_->after(forwarder_.options_.timeout, [self] {
      self->timer_.reset();
      if (!self->over_) self->try_next();
    });
    const std::string question = encode_upstream(*query_, name_, id_);
    const bool connected = connect(fd, server().raw(), server().size) == 0;
    if (tcp_) {
      if (!connected && errno != EINPROGRESS) return later([self] { self->try_next(); });
      out_ = std::string({static_cast<char>(question.size() >> 8), static_cast<char>(question.size() & 255)}) + question;
      in_.clear();
      return socket_->wait_write(self);
    }
    if (!connected || send(fd, question.data(), question.size(), MSG_NOSIGNAL) < 0) return later([self] { self->try_next(); });
    socket_->wait_read(self);
  }

  // Not from within the caller, which may still hold what this would take away.
  void later(std::function<void()> work) {
    forwarder_.reactor_->post([self = shared_from_this(), work = std::move(work)] {
      if (!self->over_) work();
    });
  }

  void read_udp() {
    char buffer[largest_message];
    const ssize_t size = recv(socket_->fd(), buffer, sizeof buffer, 0);
    if (size < 0 && errno != EAGAIN) return try_next();
    auto upstream = size < 0 ? std::nullopt : parse_upstream({buffer, static_cast<std::size_t>(size)}, *query_, name_, id_);
    if (!upstream) return socket_->wait_read(shared_from_this());  // somebody else's, or nonsense: the right one may come yet
    if (upstream->truncated) {
      tcp_ = true;
      return open();
    }
    finish(std::move(upstream));
  }

  void read_tcp() {
    char buffer[16 << 10];
    const ssize_t size = recv(socket_->fd(), buffer, sizeof buffer, 0);
    if (size == 0 || (size < 0 && errno != EAGAIN)) return try_next();
    if (size > 0) in_.append(buffer, static_cast<std::size_t>(size));
    const std::size_t wanted = in_.size() < length_prefix ? 0 : static_cast<std::size_t>(static_cast<unsigned char>(in_[0]) << 8 | static_cast<unsigned char>(in_[1]));
    if (in_.size() < length_prefix || in_.size() < length_prefix + wanted) return socket_->wait_read(shared_from_this());
    auto upstream = parse_upstream(std::string_view(in_).substr(length_prefix, wanted), *query_, name_, id_);
    if (!upstream || upstream->truncated) return try_next();
    finish(std::move(upstream));
  }

  void finish(std::optional<Upstream> upstream) {
    if (std::exchange(over_, true)) return;
    const Instant now = forwarder_.clock_.now();
    if (upstream) forwarder_.metrics_.forwarded(server().text(), upstream->code, now - try_began_);
    end_try();
    forwarder_.finished(key_, std::move(upstream));
  }

  Forwarder& forwarder_;
  const std::string key_;
  const std::vector<SocketAddress>& servers_;
  const std::shared_ptr<const Query> query_;
  const std::string name_;
  const Instant began_;
  Instant try_began_;
  std::unique_ptr<net::detail::Descriptor> socket_;
  std::optional<net::Reactor::TimerId> timer_;
  std::string in_, out_;
  std::uint16_t id_ = 0;
  std::size_t tries_ = 0;
  bool tcp_ = false, over_ = false;
};

Forwarder::Forwarder(const ForwardOptions& options, std::shared_ptr<net::Reactor> reactor, Clock& clock, DnsMetrics& metrics)
    : options_(options), reactor_(std::move(reactor)), clock_(clock), metrics_(metrics) {}

Forwarder::~Forwarder() {
  for (auto& [key, exchange] : exchanges_) exchange->drop();
}

const std::vector<SocketAddress>* Forwarder::servers_of(const std::string& name) const {
  const std::string asked = lower(name);
  const StubDomain* best = nullptr;
  for (const StubDomain& stub : options_.stub_domains)
    if (is_in_zone(asked, stub.domain) && (!best || stub.domain.size() > best->domain.size())) best = &stub;
  const auto* servers = best ? &best->servers : &options_.servers;
  return servers->empty() ? nullptr : servers;
}

void Forwarder::ask(Forward forward, std::size_t limit, std::function<void(Reply)> done) {
  const std::string key = key_of(forward);
  if (answer_from_cache(key, forward, limit, done)) return;
  metrics_.cache_miss();
  const auto known = exchanges_.find(key);
  if (known != exchanges_.end() && known->second->waiters.size() < options_.max_concurrent) return known->second->waiters.push_back({std::move(forward), limit, std::move(done)});
  const auto* servers = servers_of(forward.name);
  const bool full = known != exchanges_.end() || exchanges_.size() >= options_.max_concurrent;
  if (!servers || full) {
    if (full) metrics_.rejected();
    const Code code = full ? Code::server_failure : Code::refused;
    return done({encode_code(*forward.query, code), code, Part::forward});
  }
  auto exchange = std::make_shared<Exchange>(*this, key, *servers, Waiter{std::move(forward), limit, std::move(done)});
  exchanges_.emplace(key, exchange);
  exchange->start();
}

bool Forwarder::answer_from_cache(const std::string& key, const Forward& forward, std::size_t limit, const std::function<void(Reply)>& done) {
  const auto found = kept_.find(key);
  const Instant now = clock_.now();
  if (found == kept_.end() || found->second.until <= now) return false;
  const Kept& kept = found->second;
  metrics_.cache_hit(kept.upstream.code != Code::no_error);
  done({encode_from(*forward.query, forward.prefix, kept.upstream, seconds_between(kept.since, now), options_.cache_seconds, limit), kept.upstream.code, Part::cache});
  return true;
}

void Forwarder::finished(const std::string& key, std::optional<Upstream> upstream) {
  auto node = exchanges_.extract(key);
  if (node.empty()) return;
  for (Waiter& waiter : node.mapped()->waiters) {
    const Query& query = *waiter.forward.query;
    const Code code = upstream ? upstream->code : Code::server_failure;
    waiter.done({upstream ? encode_from(query, waiter.forward.prefix, *upstream, 0, options_.cache_seconds, waiter.limit) : encode_code(query, code), code, Part::forward});
  }
  if (upstream && upstream->ttl > 0) keep(key, std::move(*upstream));
}

void Forwarder::keep(const std::string& key, Upstream upstream) {
  if (const auto old = kept_.find(key); old != kept_.end()) {
    order_.erase(old->second.age);
    kept_.erase(old);
  }
  const Instant now = clock_.now();
  while (!order_.empty() && (kept_.size() >= options_.cache_entries || kept_.find(order_.front())->second.until <= now)) {
    kept_.erase(order_.front());
    order_.pop_front();
  }
  const Instant until = now + std::chrono::seconds(std::min(upstream.ttl, options_.cache_seconds));
  order_.push_back(key);
  kept_.emplace(key, Kept{std::move(upstream), now, until, std::prev(order_.end())});
}

}  // namespace plumb::dns
