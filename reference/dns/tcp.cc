#include "reference/dns/tcp.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

namespace plumb::dns {
namespace {

constexpr std::size_t prefix = 2, most_unsent = 256 << 10;
constexpr Duration pause_after_failure = std::chrono::milliseconds(100);

}  // namespace

class TcpConnection final : public net::detail::ReadySink, public std::enable_shared_from_this<TcpConnection> {
 public:
  TcpConnection(TcpListener& listener, int fd, bool v6) : listener_(&listener), reactor_(listener.reactor_), limits_(listener.limits_), descriptor_(reactor_, fd), v6_(v6) {}

  void start() {
    wait();
    descriptor_.wait_read(shared_from_this());
  }
  void close() {
    if (timer_) reactor_->cancel(*std::exchange(timer_, std::nullopt));
    descriptor_.close();
    if (TcpListener* listener = std::exchange(listener_, nullptr)) listener->connections_.erase(shared_from_this());
  }
  void abandon() {
    listener_ = nullptr;
    close();
  }

  void on_readable() override {
    const auto self = shared_from_this();
    char buffer[8 << 10];
    const ssize_t size = recv(descriptor_.fd(), buffer, sizeof buffer, 0);
    if (size == 0 || (size < 0 && errno != EAGAIN)) return close();
    if (size > 0) in_.append(buffer, static_cast<std::size_t>(size));
    take_requests();
  }
  void on_writable() override {
    const auto self = shared_from_this();
    flush();
    if (descriptor_.open()) take_requests();
  }

 private:
  // Closed when this long nothing whole has come and nothing has been sent.
  void wait() {
    if (timer_) reactor_->cancel(*timer_);
    timer_ = reactor_->after(limits_.idle, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->timer_.reset();
      self->pending_ > 0 && self->out_.empty() ? self->wait() : self->close();
    });
  }

  void take_requests() {
    const auto self = shared_from_this();
    while (descriptor_.open() && listener_ && in_.size() >= prefix && pending_ < limits_.pipelined && out_.size() < most_unsent) {
      const auto size = static_cast<std::size_t>(static_cast<unsigned char>(in_[0]) << 8 | static_cast<unsigned char>(in_[1]));
      if (in_.size() < prefix + size) break;
      const std::string request = in_.substr(prefix, size);
      in_.erase(0, prefix + size);
      wait();
      ++pending_;
      listener_->handler_(request, v6_, [weak = weak_from_this()](std::string reply) {
        if (const auto connection = weak.lock()) connection->answer(std::move(reply));
      });
    }
    const bool full = pending_ >= limits_.pipelined || out_.size() >= most_unsent;
    if (descriptor_.open() && !full) descriptor_.wait_read(self);
  }

  void answer(std::string reply) {
    const bool was_full = pending_ >= limits_.pipelined;
    --pending_;
    if (!descriptor_.open()) return;
    if (reply.empty()) return close();
    out_.push_back(static_cast<char>(reply.size() >> 8));
    out_.push_back(static_cast<char>(reply.size() & 255));
    out_ += reply;
    flush();
    if (was_full && descriptor_.open()) reactor_->post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->take_requests();
    });
  }

  void flush() {
    if (out_.empty()) return;
    const ssize_t sent = send(descriptor_.fd(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return close();
    if (sent > 0) {
      out_.erase(0, static_cast<std::size_t>(sent));
      wait();
    }
    if (!out_.empty()) descriptor_.wait_write(shared_from_this());
  }

  TcpListener* listener_;
  const std::shared_ptr<net::Reactor> reactor_;
  const TcpLimits limits_;
  net::detail::Descriptor descriptor_;
  const bool v6_;
  std::string in_, out_;
  std::size_t pending_ = 0;
  std::optional<net::Reactor::TimerId> timer_;
};

TcpListener::TcpListener(std::shared_ptr<net::Reactor> reactor, int fd, TcpLimits limits, Handler handler)
    : descriptor_(reactor, fd), reactor_(std::move(reactor)), limits_(limits), handler_(std::move(handler)) {}
TcpListener::~TcpListener() = default;

void TcpListener::start() { descriptor_.wait_read(shared_from_this()); }

void TcpListener::close() {
  descriptor_.close();
  for (const auto& connection : std::exchange(connections_, {})) connection->abandon();
}

void TcpListener::on_readable() {
  while (true) {
    sockaddr_storage peer;
    socklen_t size = sizeof peer;
    const int fd = accept4(descriptor_.fd(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) break;
      // Out of descriptors: those who have one must get on first.
      reactor_->after(pause_after_failure, [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && self->descriptor_.open()) self->start();
      });
      return;
    }
    if (connections_.size() >= limits_.connections) {
      ::close(fd);
      continue;
    }
    const bool v6 = peer.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr);
    auto connection = std::make_shared<TcpConnection>(*this, fd, v6);
    connections_.insert(connection);
    connection->start();
  }
  start();
}

}  // namespace plumb::dns
