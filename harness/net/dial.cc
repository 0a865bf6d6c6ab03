#include "harness/net/dial.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "harness/base/worker_pool.h"

namespace plumb::net::detail {

namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// Names that are addresses already; no lookup.
bool literal(const Endpoint& endpoint, Address& address) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (endpoint.is_unix()) {
    auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
    if (endpoint.unix_path.size() >= sizeof local->sun_path) return false;
    local->sun_family = AF_UNIX;
    std::memcpy(local->sun_path, endpoint.unix_path.c_str(), endpoint.unix_path.size() + 1);
    address.size = sizeof *local;
    return true;
  }
  if (inet_pton(AF_INET, endpoint.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(endpoint.port);
    address.size = sizeof *v4;
    return true;
  }
  if (inet_pton(AF_INET6, endpoint.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(endpoint.port);
    address.size = sizeof *v6;
    return true;
  }
  return false;
}

Result<std::vector<Address>> resolve(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (error) return fail(Code::unavailable, "resolving " + endpoint.host + ": " + gai_strerror(error));
  std::vector<Address> all;
  for (const addrinfo* at = found; at; at = at->ai_next) {
    Address address;
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.size = at->ai_addrlen;
    all.push_back(address);
  }
  freeaddrinfo(found);
  return all;
}

// Lookups block, so they have threads of their own; lives as long as the program.
WorkerPool& resolvers() {
  static auto* pool = new WorkerPool(2, 10'000);
  return *pool;
}

class Dial final : public ChannelUser, public std::enable_shared_from_this<Dial> {
 public:
  Dial(std::shared_ptr<Reactor> reactor, Endpoint endpoint, SslContext tls, std::string server_name, std::function<void(Result<Dialled>)> done)
      : reactor_(std::move(reactor)), endpoint_(std::move(endpoint)), tls_(std::move(tls)), server_name_(std::move(server_name)), done_(std::move(done)) {}

  void start(Duration timeout) {
    timer_ = reactor_->after(timeout, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->finish(fail(Code::unavailable, "connecting to " + self->endpoint_.text() + ": no answer in time"));
    });
    Address address;
    if (literal(endpoint_, address)) {
      addresses_ = {address};
      reactor_->post([self = shared_from_this()] { self->next(fail(Code::unavailable, "no address")); });
      return;
    }
    if (endpoint_.is_unix()) return later(fail(Code::invalid_argument, endpoint_.text() + ": the path is too long"));
    const bool taken = resolvers().try_post([self = shared_from_this()] {
      auto found = resolve(self->endpoint_);
      self->reactor_->post([self, found = std::move(found)]() mutable {
        if (!found) return self->finish(std::move(found).error());
        self->addresses_ = std::move(found).value();
        self->next(fail(Code::unavailable, "resolving " + self->endpoint_.host + ": no address"));
      });
    });
    if (!taken) later(fail(Code::resource_exhausted, "resolving " + endpoint_.host + ": too many lookups wait"));
  }
  void give_up() {
    done_ = nullptr;
    finish(fail(Code::cancelled, "given up"));
  }

  void on_ready() override {
    Dialled dialled{channel_, channel_->ssl() && chose_http2(channel_->ssl())};
    channel_ = nullptr;
    finish(std::move(dialled));
  }
  void on_bytes(std::string_view) override {}
  void on_eof() override {}
  void on_room() override {}
  void on_closed(const Status& status) override {
    channel_ = nullptr;
    next(status.ok() ? fail(Code::unavailable, "the connection closed") : status.error());
  }

 private:
  void later(Error error) {
    reactor_->post([self = shared_from_this(), error = std::move(error)] { self->finish(error); });
  }
  // Tries the next address; `last` is why the one before failed.
  void next(const Error& last) {
    if (finished_) return;
    if (at_ == addresses_.size()) return finish(last.in("connecting to " + endpoint_.text()));
    const Address& address = addresses_[at_++];
    const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return finish(fail_errno("making a socket"));
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    const bool under_way = ::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.size) < 0;
    if (under_way && errno != EINPROGRESS) {
      const Error error = fail(Code::unavailable, fail_errno("connecting").message);
      ::close(fd);
      return next(error);
    }
    Ssl ssl;
    if (tls_) {
      auto made = make_session(tls_, fd, false, server_name_);
      if (!made) {
        ::close(fd);
        return finish(std::move(made).error());
      }
      ssl = std::move(made).value();
    }
    channel_ = std::make_shared<Channel>(reactor_, fd);
    channel_->start(shared_from_this(), std::move(ssl), under_way);
  }
  void finish(Result<Dialled> result) {
    if (std::exchange(finished_, true)) return;
    reactor_->cancel(timer_);
    const auto self = shared_from_this();
    if (const auto channel = std::exchange(channel_, nullptr)) channel->close(fail(Code::cancelled, "given up"));
    if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
    else if (result.ok()) result->channel->close({});
  }

  std::shared_ptr<Reactor> reactor_;
  Endpoint endpoint_;
  SslContext tls_;
  std::string server_name_;
  std::function<void(Result<Dialled>)> done_;
  std::vector<Address> addresses_;
  std::size_t at_ = 0;
  std::shared_ptr<Channel> channel_;
  Reactor::TimerId timer_ = 0;
  bool finished_ = false;
};

}  // namespace

std::function<void()> dial(const std::shared_ptr<Reactor>& reactor, const Endpoint& endpoint, const SslContext& tls, const std::string& server_name,
                           Duration timeout, std::function<void(Result<Dialled>)> done) {
  const auto dial = std::make_shared<Dial>(reactor, endpoint, tls, server_name, std::move(done));
  dial->start(timeout);
  return [dial] { dial->give_up(); };
}

}  // namespace plumb::net::detail
