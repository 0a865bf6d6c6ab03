// What the network tests share: a CA with certificates, servers and clients for each way to talk, a raw socket.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include "harness/base/random.h"
#include "harness/net/client.h"
#include "harness/net/crypto.h"
#include "harness/net/server.h"

namespace plumb::net::testing {

using namespace std::chrono_literals;

struct Pki {
  CertificateAuthority ca, other_ca;
  KeyPair server, client, stranger;
};

inline const Pki& pki() {
  static const Pki made = [] {
    const WallTime now = real_clock().wall();
    Pki p;
    p.ca = make_authority("test-ca", now - 1h, now + 24h).value();
    p.other_ca = make_authority("other-ca", now - 1h, now + 24h).value();
    CertificateRequest request{.common_name = "server", .dns_names = {"localhost"}, .ip_addresses = {"127.0.0.1"}, .for_server = true,
                               .not_before = now - 1h, .not_after = now + 1h};
    p.server = issue_certificate(p.ca, request).value();
    request = {.common_name = "jane", .organizations = {"team-a", "team-b"}, .for_client = true, .not_before = now - 1h, .not_after = now + 1h};
    p.client = issue_certificate(p.ca, request).value();
    p.stranger = issue_certificate(p.other_ca, request).value();
    return p;
  }();
  return made;
}

enum class Way { h1, h1_tls, h2c, h2_tls, h2c_unix };
inline constexpr Way kAllWays[] = {Way::h1, Way::h1_tls, Way::h2c, Way::h2_tls, Way::h2c_unix};
inline bool is_tls(Way way) { return way == Way::h1_tls || way == Way::h2_tls; }
inline bool is_h2(Way way) { return way != Way::h1 && way != Way::h1_tls; }
inline std::string way_name(const ::testing::TestParamInfo<Way>& info) {
  static const char* names[] = {"h1", "h1_tls", "h2c", "h2_tls", "h2c_unix"};
  return names[static_cast<int>(info.param)];
}

inline ServerOptions server_options(Way way) {
  ServerOptions options;
  if (way == Way::h2c_unix) options.address = "unix:/tmp/plumb-net-test-" + std::to_string(getpid()) + "-" + random_suffix(8) + ".sock";
  if (is_tls(way)) options.tls = TlsServerOptions{pki().server.certificate_pem, pki().server.key_pem, pki().ca.certificate_pem};
  return options;
}

inline ClientOptions client_options(Way way, const ServerOptions& server, std::uint16_t port) {
  ClientOptions options;
  options.endpoint = way == Way::h2c_unix ? parse_endpoint(server.address).value() : Endpoint{"127.0.0.1", port, {}};
  if (is_tls(way)) options.tls = TlsClientOptions{.ca_pem = pki().ca.certificate_pem};
  options.protocol = is_h2(way) ? ClientOptions::Protocol::http_2 : ClientOptions::Protocol::http_1_1;
  return options;
}

// A server and a client of one way.
struct Pair {
  std::unique_ptr<Server> server;
  std::shared_ptr<HttpClient> client;
};
inline Pair make_pair(Way way, Handler handler, ServerOptions options, ClientOptions base = {}) {
  Pair pair;
  pair.server = Server::start(options, std::move(handler)).value();
  const ClientOptions own = client_options(way, options, pair.server->port());
  base.endpoint = own.endpoint;
  base.protocol = own.protocol;
  if (!base.tls) base.tls = own.tls;
  pair.client = HttpClient::create(base).value();
  return pair;
}
inline Pair make_pair(Way way, Handler handler) { return make_pair(way, std::move(handler), server_options(way)); }

// A plain blocking socket to hostile ends.
class RawSocket {
 public:
  explicit RawSocket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~RawSocket() { ::close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  bool send(std::string_view data) { return ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(data.size()); }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  // Until the server closes, `until` was seen, or the time is over.
  std::string receive(std::string_view until = {}, int timeout_ms = 5000) {
    std::string all;
    char buffer[16384];
    while (until.empty() || all.find(until) == all.npos) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, timeout_ms) <= 0) return all + "<timeout>";
      const ssize_t size = ::recv(fd_, buffer, sizeof buffer, 0);
      if (size <= 0) return all;
      all.append(buffer, static_cast<std::size_t>(size));
    }
    return all;
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Waits for a condition that another thread brings about.
template <class F>
bool eventually(F condition, Duration limit = 10s) {
  const Instant end = real_clock().now() + limit;
  while (!condition()) {
    if (real_clock().now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace plumb::net::testing
