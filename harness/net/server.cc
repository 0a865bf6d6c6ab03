#include "harness/net/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <future>
#include <thread>

#include "harness/base/log.h"
#include "harness/net/server_connection.h"

namespace plumb::net {

using detail::ServerConnection;
using detail::ServerShard;
using detail::ServerShared;

namespace {

struct Listening {
  int fd;
  std::uint16_t port;
};

Result<Listening> listen_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Code::invalid_argument, "listening on unix:" + path + ": the path is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 || ::listen(fd, SOMAXCONN) < 0) {
    Error error = fail_errno("listening on unix:" + path);
    if (fd >= 0) ::close(fd);
    return error;
  }
  return Listening{fd, 0};
}

Result<Listening> listen_tcp(const std::string& host, std::uint16_t port) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  socklen_t size = sizeof *v4;
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof *v6;
  } else {
    return fail(Code::invalid_argument, "listening on \"" + host + "\": not an IP address");
  }
  const int fd = ::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&storage), size) < 0 || ::listen(fd, SOMAXCONN) < 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) < 0) {
    Error error = fail_errno("listening on " + Endpoint{host, port, {}}.text());
    if (fd >= 0) ::close(fd);
    return error;
  }
  return Listening{fd, ntohs(storage.ss_family == AF_INET ? v4->sin_port : v6->sin6_port)};
}

std::string address_text(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    return Endpoint{text, ntohs(v4.sin_port), {}}.text();
  }
  if (storage.ss_family != AF_INET6) return "unix";
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
  return Endpoint{text, ntohs(v6.sin6_port), {}}.text();
}

// Runs on the reactor thread and waits for it.
void run_there(const std::shared_ptr<Reactor>& reactor, const std::function<void()>& work) {
  const auto done = std::make_shared<std::promise<void>>();
  auto future = done->get_future();
  if (reactor->post([done, work] { work(), done->set_value(); })) future.wait();
}

// Accepts on the first reactor, hands connections out in turn.
class Acceptor final : public detail::ReadySink, public std::enable_shared_from_this<Acceptor> {
 public:
  Acceptor(std::shared_ptr<ServerShared> shared, std::vector<std::shared_ptr<ServerShard>> shards, int fd)
      : shared_(std::move(shared)), shards_(std::move(shards)), descriptor_(shards_.front()->reactor, fd) {}
  void start() { descriptor_.wait_read(shared_from_this()); }
  void close() { descriptor_.close(); }

  void on_readable() override {
    for (int batch = 0; batch < 64 && descriptor_.open(); ++batch) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const int fd = ::accept4(descriptor_.fd(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        take(fd, address_text(from));
        continue;
      }
      if (errno == EAGAIN) break;
      if (errno == EINTR || errno == ECONNABORTED) continue;
      log::warning("net", fail_errno("accepting a connection").message);
      descriptor_.reactor()->after(std::chrono::milliseconds(100), [self = shared_from_this()] { self->on_readable(); });
      return;
    }
    descriptor_.wait_read(shared_from_this());
  }
  void on_writable() override {}

 private:
  void take(int fd, std::string address) {
    if (shared_->connections >= shared_->options.max_connections) {
      ::close(fd);
      return;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    const auto& shard = shards_[next_++ % shards_.size()];
    const auto begin = [shared = shared_, shard, fd, address = std::move(address)] {
      std::make_shared<ServerConnection>(shared, shard, fd, address)->start();
    };
    if (shard->reactor->in_this_thread()) begin();
    else if (!shard->reactor->post(begin)) ::close(fd);
  }

  std::shared_ptr<ServerShared> shared_;
  std::vector<std::shared_ptr<ServerShard>> shards_;
  detail::Descriptor descriptor_;
  std::size_t next_ = 0;
};

void sweep_later(const std::shared_ptr<ServerShard>& shard, Duration interval) {
  shard->reactor->after(interval, [weak = std::weak_ptr(shard), interval] {
    const auto shard = weak.lock();
    if (!shard) return;
    const Instant now = std::chrono::steady_clock::now();
    const std::vector<std::shared_ptr<ServerConnection>> all(shard->connections.begin(), shard->connections.end());
    for (const auto& connection : all) connection->sweep(now);
    sweep_later(shard, interval);
  });
}

}  // namespace

struct Server::Impl {
  std::shared_ptr<ServerShared> shared = std::make_shared<ServerShared>();
  std::vector<std::shared_ptr<ServerShard>> shards;
  std::shared_ptr<Acceptor> acceptor;
  std::uint16_t port = 0;
  std::string unix_path;
  std::atomic<std::size_t> next_reactor{0};
  bool stopped = false;

  void close_all() {
    for (const auto& shard : shards)
      run_there(shard->reactor, [&] {
        const Status why = fail(Code::unavailable, "the server stops");
        const std::vector<std::shared_ptr<ServerConnection>> all(shard->connections.begin(), shard->connections.end());
        for (const auto& connection : all) connection->close(why);
        for (const auto& weak : std::exchange(shard->streams, {}))
          if (const auto stream = weak.lock()) stream->break_off(why);
      });
  }
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop({}); }

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Handler handler) {
  auto impl = std::make_unique<Impl>();
  if (options.tls) impl->shared->tls = PLUMB_TRY(detail::make_server_context(*options.tls));
  const bool is_unix = options.address.starts_with("unix:");
  if (is_unix) impl->unix_path = PLUMB_TRY(parse_endpoint(options.address)).unix_path;
  const Listening listening = PLUMB_TRY(is_unix ? listen_unix(impl->unix_path) : listen_tcp(options.address, options.port));
  impl->port = listening.port;
  const Duration shortest = std::min({options.idle_timeout, options.request_timeout, options.write_timeout});
  const Duration interval = std::clamp<Duration>(shortest / 4, std::chrono::milliseconds(10), std::chrono::seconds(1));
  for (int i = 0; i < std::max(options.threads, 1); ++i) {
    auto shard = std::make_shared<ServerShard>();
    shard->reactor = Reactor::start(options.name + "-" + std::to_string(i));
    sweep_later(shard, interval);
    impl->shards.push_back(std::move(shard));
  }
  impl->shared->options = std::move(options);
  impl->shared->handler = std::move(handler);
  run_there(impl->shards.front()->reactor, [&] {
    impl->acceptor = std::make_shared<Acceptor>(impl->shared, impl->shards, listening.fd);
    impl->acceptor->start();
  });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port; }
std::size_t Server::connections() const { return impl_->shared->connections; }
const std::shared_ptr<Reactor>& Server::reactor() { return impl_->shards[impl_->next_reactor++ % impl_->shards.size()]->reactor; }

void Server::stop(Duration grace) {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->shared->draining = true;
  run_there(impl_->shards.front()->reactor, [&] { impl_->acceptor->close(); });
  if (!impl_->unix_path.empty()) ::unlink(impl_->unix_path.c_str());
  for (const auto& shard : impl_->shards)
    run_there(shard->reactor, [&] {
      const std::vector<std::shared_ptr<ServerConnection>> all(shard->connections.begin(), shard->connections.end());
      for (const auto& connection : all) connection->drain();
    });
  const Instant deadline = std::chrono::steady_clock::now() + grace;
  while (impl_->shared->connections && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  impl_->close_all();
  for (const auto& shard : impl_->shards) shard->reactor->stop();
  impl_->shards.clear();
}

}  // namespace plumb::net
