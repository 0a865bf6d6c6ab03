#include "reference/dns/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "reference/dns/dns.h"
#include "reference/dns/testing.h"
#include "reference/informer/fake_client.h"

namespace plumb::dns {
namespace {

using namespace testing;
using namespace std::chrono_literals;

constexpr int patience_ms = 5000;

SocketAddress local(std::uint16_t port) { return *parse_server("127.0.0.1:" + std::to_string(port)); }

// One exchange over UDP; "" when no answer comes in time.
std::string over_udp(std::uint16_t port, const std::string& bytes, int wait_ms = patience_ms) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const SocketAddress to = local(port);
  connect(fd, to.raw(), to.size);
  (void)!write(fd, bytes.data(), bytes.size());
  pollfd waits{fd, POLLIN, 0};
  char buffer[65535];
  const ssize_t size = poll(&waits, 1, wait_ms) == 1 ? read(fd, buffer, sizeof buffer) : 0;
  close(fd);
  return std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
}

std::string framed(const std::string& bytes) { return std::string({static_cast<char>(bytes.size() >> 8), static_cast<char>(bytes.size() & 255)}) + bytes; }

std::string read_all(int fd, std::size_t count) {
  std::string got;
  char buffer[4096];
  pollfd waits{fd, POLLIN, 0};
  while (got.size() < count && poll(&waits, 1, patience_ms) == 1) {
    const ssize_t size = read(fd, buffer, std::min(sizeof buffer, count - got.size()));
    if (size <= 0) break;
    got.append(buffer, static_cast<std::size_t>(size));
  }
  return got;
}

std::string read_frame(int fd) {
  const std::string size = read_all(fd, 2);
  return size.size() < 2 ? std::string() : read_all(fd, static_cast<std::size_t>(static_cast<unsigned char>(size[0]) << 8 | static_cast<unsigned char>(size[1])));
}

int connect_tcp(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const SocketAddress to = local(port);
  connect(fd, to.raw(), to.size);
  return fd;
}

// Another name server: knows every A record as 192.0.2.1 with a long time to live, "gone" as no name; over UDP "large" is truncated.
class StubServer {
 public:
  explicit StubServer(bool silent = false) : silent_(silent) {
    udp_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    tcp_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    SocketAddress at = local(1);
    reinterpret_cast<sockaddr_in&>(at.storage).sin_port = 0;
    bind(udp_, at.raw(), at.size);
    getsockname(udp_, at.raw(), &at.size);
    port_ = ntohs(reinterpret_cast<sockaddr_in&>(at.storage).sin_port);
    bind(tcp_, at.raw(), at.size);
    listen(tcp_, 5);
    thread_ = std::thread([this] { run(); });
  }
  ~StubServer() {
    over_ = true;
    shutdown(tcp_, SHUT_RDWR);
    thread_.join();
    close(udp_);
    close(tcp_);
  }
  SocketAddress address() const { return local(port_); }
  int asked() const { return asked_; }
  std::atomic<bool> slow{false};

 private:
  std::string answer(const std::string& bytes, bool udp) {
    ++asked_;
    const Parsed parsed = parse_query(bytes);
    if (!parsed.query) return {};
    const std::string name = lower(parsed.query->question.name);
    Answer made;
    if (name.starts_with("gone")) made.code = Code::name_error;
    else made.answers = {{parsed.query->question.name, Type::a, 3600, ip("192.0.2.1")}};
    std::string reply = encode(*parsed.query, made, largest_message);
    if (udp && name.starts_with("large")) reply[2] = static_cast<char>(reply[2] | 2);
    return reply;
  }
  void run() {
    while (!over_) {
      pollfd waits[] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      if (poll(waits, 2, 20) <= 0 || slow) continue;
      char buffer[4096];
      SocketAddress from;
      if (waits[0].revents & POLLIN) {
        const ssize_t size = recvfrom(udp_, buffer, sizeof buffer, 0, from.raw(), &from.size);
        if (size <= 0) continue;
        const std::string reply = answer(std::string(buffer, static_cast<std::size_t>(size)), true);
        if (!silent_) sendto(udp_, reply.data(), reply.size(), 0, from.raw(), from.size);
      }
      if (waits[1].revents & POLLIN) {
        const int fd = accept(tcp_, nullptr, nullptr);
        if (fd < 0) continue;
        const std::string reply = framed(answer(read_frame(fd), false));
        (void)!write(fd, reply.data(), reply.size());
        close(fd);
      }
    }
  }
  const bool silent_;
  std::atomic<bool> over_{false};
  std::atomic<int> asked_{0};
  int udp_ = -1, tcp_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    zone_.set_namespace("ns", true, {});
    zone_.set_complete();
    zone_.set_service("ns", "web", view_of(*service("web", {"10.96.0.7"}), {}), {});
    auto alias = service("alias", {});
    alias->spec.type = "ExternalName";
    alias->spec.externalName = "other.test";
    zone_.set_service("ns", "alias", view_of(*alias, {}), {});
    options_.address = "127.0.0.1";
    options_.port = 0;
    options_.threads = 1;
    options_.forward.timeout = 300ms;
    options_.forward.limit = 2s;
  }
  void start() {
    auto started = Server::start(options_, zone_, real_clock());
    ASSERT_TRUE(started.ok()) << started.error().message;
    server_ = std::move(*started);
  }
  std::string ask(const std::string& name, int type = 1, int id = 7) { return response_text(over_udp(server_->port(), request(name, type, 0, id))); }

  Zone zone_{{}, WallTime()};
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersOverUdpAndTcp) {
  options_.threads = 2;
  start();
  const std::string expected = "NOERROR aa id=7 | web.ns.svc.cluster.local. 30 IN A 10.96.0.7 | |";
  EXPECT_EQ(ask("web.ns.svc.cluster.local"), expected);
  const int fd = connect_tcp(server_->port());
  const std::string question = request("web.ns.svc.cluster.local", 1), frame = framed(question);
  for (const char c : frame) (void)!write(fd, &c, 1);  // byte by byte
  EXPECT_EQ(response_text(read_frame(fd)), expected);
  const std::string three = frame + frame + frame;  // in one go
  (void)!write(fd, three.data(), three.size());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(response_text(read_frame(fd)), expected);
  close(fd);
}

TEST_F(ServerTest, ASilentConnectionIsClosed) {
  options_.idle_timeout = 50ms;
  options_.max_connections = 2;
  start();
  const int fd = connect_tcp(server_->port());
  (void)!write(fd, "\0", 1);
  EXPECT_EQ(read_all(fd, 1), "");
  close(fd);
}

TEST_F(ServerTest, OthersAreAskedOnceAndTheirAnswerIsKept) {
  StubServer other;
  options_.forward.servers = {other.address()};
  start();
  EXPECT_EQ(ask("a.test"), "NOERROR id=7 | a.test. 30 IN A 192.0.2.1 | |") << "no longer than it is kept here";
  EXPECT_EQ(ask("A.test", 1, 9), "NOERROR id=9 | A.test. 30 IN A 192.0.2.1 | |");
  EXPECT_EQ(other.asked(), 1);
  EXPECT_EQ(ask("gone.test"), "NXDOMAIN id=7 | | |");
  EXPECT_EQ(ask("alias.ns.svc.cluster.local"), "NOERROR aa id=7 | alias.ns.svc.cluster.local. 30 IN CNAME other.test. other.test. 30 IN A 192.0.2.1 | |");
}

TEST_F(ServerTest, ATruncatedAnswerIsFetchedOverTcp) {
  StubServer other;
  options_.forward.servers = {other.address()};
  start();
  EXPECT_EQ(ask("large.test"), "NOERROR id=7 | large.test. 30 IN A 192.0.2.1 | |");
  EXPECT_EQ(other.asked(), 2);
}

TEST_F(ServerTest, TheNextServerIsAskedAfterASilentOrDeadOne) {
  StubServer silent(true), other;
  SocketAddress dead;
  {
    StubServer gone;
    dead = gone.address();
  }
  options_.forward.servers = {dead, silent.address(), other.address()};
  start();
  EXPECT_EQ(ask("a.test"), "NOERROR id=7 | a.test. 30 IN A 192.0.2.1 | |");
}

TEST_F(ServerTest, StubDomainsHaveServersOfTheirOwn) {
  StubServer stub;
  options_.forward.stub_domains = {{"corp.test", {stub.address()}}};
  start();
  EXPECT_EQ(ask("a.Corp.test"), "NOERROR id=7 | a.Corp.test. 30 IN A 192.0.2.1 | |");
  EXPECT_EQ(ask("corp.test.example"), "REFUSED id=7 | | |");
}

TEST_F(ServerTest, WhileOthersAreWaitedForTheClustersNamesAreAnswered) {
  StubServer other;
  other.slow = true;
  options_.forward.servers = {other.address()};
  options_.forward.timeout = 3s;
  start();
  std::thread waiting([&] { EXPECT_EQ(ask("a.test"), "NOERROR id=7 | a.test. 30 IN A 192.0.2.1 | |"); });
  EXPECT_EQ(ask("web.ns.svc.cluster.local"), "NOERROR aa id=7 | web.ns.svc.cluster.local. 30 IN A 10.96.0.7 | |");
  other.slow = false;
  waiting.join();
}

TEST_F(ServerTest, AQuestionThatComesBackGoesRoundNoFurther) {
  start();
  const std::uint16_t port = server_->port();
  server_.reset();
  options_.port = port;
  options_.forward.servers = {local(port)};
  start();
  EXPECT_EQ(ask("a.test"), "SERVFAIL id=7 | | |");
  EXPECT_EQ(ask("web.ns.svc.cluster.local"), "NOERROR aa id=7 | web.ns.svc.cluster.local. 30 IN A 10.96.0.7 | |");
}

TEST(DnsServer, FollowsTheCluster) {
  informer::FakeClient client(real_clock());
  auto space = std::make_shared<corev1::Namespace>();
  space->metadata.name = "ns";
  client.add(space);
  client.add(service("set", {}));
  DnsOptions options;
  options.server.address = "127.0.0.1";
  options.server.port = 0;
  auto dns = Dns::start(options, client, real_clock());
  ASSERT_TRUE(dns.ok()) << dns.error().message;
  const auto await = [&](const std::string& expected) {
    std::string last;
    for (int i = 0; i < 500 && last != expected; ++i) {
      if (i > 0) std::this_thread::sleep_for(10ms);
      last = response_text(over_udp((*dns)->port(), request("set.ns.svc.cluster.local", 1)));
    }
    EXPECT_EQ(last, expected);
  };
  const std::string none = "NXDOMAIN aa id=7 | | cluster.local. 30 IN SOA";
  for (int i = 0; i < 500 && !(*dns)->ready(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(response_text(over_udp((*dns)->port(), request("set.ns.svc.cluster.local", 1))).substr(0, none.size()), none);
  client.add(slice("set-1", "set", {{"10.0.0.3", ""}}));
  await("NOERROR aa id=7 | set.ns.svc.cluster.local. 30 IN A 10.0.0.3 | |");
  client.add(slice("set-1", "set", {{"10.0.0.4", ""}}));
  await("NOERROR aa id=7 | set.ns.svc.cluster.local. 30 IN A 10.0.0.4 | |");
}

TEST(DnsServer, ReadsNameServersButNotItself) {
  const auto servers = servers_in("# x\nnameserver 127.0.0.53\nnameserver 192.0.2.1\nsearch a\nnameserver fd00::1\n");
  ASSERT_TRUE(servers.ok());
  ASSERT_EQ(servers->size(), 2u);
  EXPECT_EQ((*servers)[0].text(), "192.0.2.1:53");
  EXPECT_EQ((*servers)[1].text(), "[fd00::1]:53");
  EXPECT_FALSE(servers_in("nameserver nobody\n").ok());
  for (const char* wrong : {"", "10.0.0.1:0", "10.0.0.1:99999", "[fd00::1", "example.com"}) EXPECT_FALSE(parse_server(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace plumb::dns
