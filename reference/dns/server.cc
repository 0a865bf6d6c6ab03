#include "reference/dns/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <utility>

#include "reference/dns/tcp.h"
#include "reference/dns/udp.h"

namespace plumb::dns {
namespace {

constexpr int backlog = 256, tries_for_a_free_port = 20, receive_buffer = 1 << 20;

struct Socket {
  int fd = -1;
  Socket() = default;
  Socket(Socket&& other) noexcept : fd(other.release()) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd, other.fd);
    return *this;
  }
  ~Socket() {
    if (fd >= 0) ::close(fd);
  }
  int release() { return std::exchange(fd, -1); }
};

bool has_ipv6() {
  const std::uint8_t any[16] = {};
  const SocketAddress address = make_address(true, any, 0);
  Socket probe;
  probe.fd = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  return probe.fd >= 0 && bind(probe.fd, address.raw(), address.size) == 0;
}

Result<SocketAddress> listen_address(const std::string& text, std::uint16_t port) {
  std::uint8_t octets[16] = {};
  if (text.empty()) return make_address(has_ipv6(), octets, port);
  for (const bool v6 : {false, true})
    if (inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), octets) == 1) return make_address(v6, octets, port);
  return fail(plumb::Code::invalid_argument, "serving DNS: " + text + " is not an address");
}

Status open_socket(const SocketAddress& address, int type, Socket& socket) {
  socket.fd = ::socket(address.family(), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const std::string what = std::string("serving DNS over ") + (type == SOCK_DGRAM ? "UDP" : "TCP") + " at " + address.text();
  if (socket.fd < 0) return fail_errno(what);
  const int on = 1, off = 0;
  setsockopt(socket.fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (type == SOCK_STREAM) setsockopt(socket.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (type == SOCK_DGRAM) setsockopt(socket.fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (address.family() == AF_INET6) {
    setsockopt(socket.fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (type == SOCK_DGRAM) setsockopt(socket.fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  }
  if (bind(socket.fd, address.raw(), address.size) < 0) return fail_errno(what);
  if (type == SOCK_STREAM && listen(socket.fd, backlog) < 0) return fail_errno(what);
  return {};
}

std::uint16_t port_of(int fd) {
  SocketAddress bound;
  getsockname(fd, bound.raw(), &bound.size);
  return ntohs(bound.family() == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound.storage).sin6_port : reinterpret_cast<const sockaddr_in&>(bound.storage).sin_port);
}

struct Pair {
  Socket udp, tcp;
};

// Both on one port.
Status open_pair(const std::string& where, std::uint16_t port, Pair& pair) {
  SocketAddress address = PLUMB_TRY(listen_address(where, port));
  PLUMB_TRY(open_socket(address, SOCK_DGRAM, pair.udp));
  address = PLUMB_TRY(listen_address(where, port_of(pair.udp.fd)));
  return open_socket(address, SOCK_STREAM, pair.tcp);
}

}  // namespace

class Server::Worker {
 public:
  Worker(const ServerOptions& options, const Zone& zone, Clock& clock, Pair pair, const std::string& name)
      : clock_(clock), responder_(zone), reactor_(net::Reactor::start(name)), forwarder_(std::make_unique<Forwarder>(options.forward, reactor_, clock, metrics_)) {
    on_thread([&] {
      udp_ = std::make_shared<UdpSocket>(reactor_, pair.udp.release(), [this](std::string_view request, const UdpPeer& peer, std::string& reply) { take_udp(request, peer, reply); });
      tcp_ = std::make_shared<TcpListener>(reactor_, pair.tcp.release(), TcpLimits{options.max_connections, options.max_pipelined, options.idle_timeout},
                                           [this](std::string_view request, bool v6, TcpListener::Done done) { take_tcp(request, v6, std::move(done)); });
      udp_->start();
      tcp_->start();
    });
  }
  ~Worker() {
    on_thread([this] {
      udp_->close();
      tcp_->close();
      forwarder_.reset();
    });
    reactor_->stop();
  }

 private:
  void on_thread(std::function<void()> work) {
    std::promise<void> done;
    reactor_->post([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  void take_udp(std::string_view request, const UdpPeer& peer, std::string& reply) {
    const Instant began = clock_.now();
    Outcome outcome = responder_.respond(request, true, reply);
    metrics_.asked(outcome.type, true, peer.v6, request.size());
    if (outcome.kind == Outcome::Kind::reply) metrics_.answered(outcome.code, Part::kubernetes, true, reply.size(), clock_.now() - began);
    if (outcome.kind != Outcome::Kind::forward) return;
    const std::size_t limit = outcome.forward.query->largest;
    forwarder_->ask(std::move(outcome.forward), limit, [this, peer, began](Forwarder::Reply made) {
      metrics_.answered(made.code, made.part, true, made.bytes.size(), clock_.now() - began);
      udp_->send(peer, made.bytes);
    });
  }

  void take_tcp(std::string_view request, bool v6, TcpListener::Done done) {
    const Instant began = clock_.now();
    std::string reply;
    Outcome outcome = responder_.respond(request, false, reply);
    metrics_.asked(outcome.type, false, v6, request.size());
    if (outcome.kind == Outcome::Kind::reply) metrics_.answered(outcome.code, Part::kubernetes, false, reply.size(), clock_.now() - began);
    if (outcome.kind != Outcome::Kind::forward) return done(std::move(reply));
    forwarder_->ask(std::move(outcome.forward), largest_message, [this, began, done = std::move(done)](Forwarder::Reply made) {
      metrics_.answered(made.code, made.part, false, made.bytes.size(), clock_.now() - began);
      done(std::move(made.bytes));
    });
  }

  Clock& clock_;
  DnsMetrics metrics_;
  Responder responder_;
  const std::shared_ptr<net::Reactor> reactor_;
  std::unique_ptr<Forwarder> forwarder_;
  std::shared_ptr<UdpSocket> udp_;
  std::shared_ptr<TcpListener> tcp_;
};

Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, const Zone& zone, Clock& clock) {
  std::unique_ptr<Server> server(new Server);
  server->options_ = std::move(options);
  std::vector<Pair> pairs(static_cast<std::size_t>(std::max(1, server->options_.threads)));
  for (int tries = 0;; ++tries) {
    const Status opened = open_pair(server->options_.address, server->options_.port, pairs[0]);
    if (opened.ok()) break;
    if (server->options_.port != 0 || tries >= tries_for_a_free_port) return opened.error();
    pairs[0] = {};  // the free port of UDP is another's of TCP
  }
  server->port_ = port_of(pairs[0].udp.fd);
  for (std::size_t i = 1; i < pairs.size(); ++i) PLUMB_TRY(open_pair(server->options_.address, server->port_, pairs[i]));
  for (std::size_t i = 0; i < pairs.size(); ++i)
    server->workers_.push_back(std::make_unique<Worker>(server->options_, zone, clock, std::move(pairs[i]), "dns-" + std::to_string(i)));
  return server;
}

}  // namespace plumb::dns
