// Real packets through the kernel's nftables, in a network namespace of this program.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <map>
#include <thread>

#include "reference/informer/fake_client.h"
#include "reference/proxy/namespace_testing.h"
#include "reference/proxy/proxier.h"
#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;
using ::testing::EndsWith;

sockaddr_in address_of(const std::string& ip, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  return address;
}

// What answers "address port", over TCP and UDP, at every endpoint.
class Endpoints {
 public:
  void open(const std::string& ip, int port, bool udp = false) {
    (void)run_checked({"ip", "addr", "add", ip + "/32", "dev", "lo"});
    const int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const sockaddr_in address = address_of(ip, port);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0) << ip << " " << port;
    ASSERT_TRUE(udp || listen(fd, 1000) == 0);
    sockets_.push_back({fd, udp, ip});
  }
  void start() {
    thread_ = std::thread([this] { run(); });
  }
  ~Endpoints() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    for (const auto& one : sockets_) close(one.fd);
  }

 private:
  struct Socket {
    int fd;
    bool udp;
    std::string ip;
  };
  void run() {
    std::vector<pollfd> fds;
    for (const auto& one : sockets_) fds.push_back({one.fd, POLLIN, 0});
    while (!stop_) {
      if (poll(fds.data(), fds.size(), 20) <= 0) continue;
      for (std::size_t i = 0; i < fds.size(); ++i)
        if (fds[i].revents) answer(sockets_[i]);
    }
  }
  // The endpoint's address, the client's and its port.
  void answer(const Socket& at) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    char text[INET_ADDRSTRLEN] = "", data[64];
    if (at.udp) {
      while (recvfrom(at.fd, data, sizeof data, 0, reinterpret_cast<sockaddr*>(&from), &size) >= 0) {
        const std::string reply = at.ip + " " + inet_ntop(AF_INET, &from.sin_addr, text, sizeof text) + " " + std::to_string(ntohs(from.sin_port));
        sendto(at.fd, reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
      }
      return;
    }
    for (int fd; (fd = accept4(at.fd, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC)) >= 0; close(fd)) {
      const std::string reply = at.ip + " " + inet_ntop(AF_INET, &from.sin_addr, text, sizeof text) + " " + std::to_string(ntohs(from.sin_port));
      (void)!write(fd, reply.data(), reply.size());
    }
  }
  std::vector<Socket> sockets_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
};

// "10.1.0.1 <client>", with " masqueraded" where the client's port was changed on the way; "refused", "silence".
std::string ask(const std::string& ip, int port, const std::string& from = {}, bool udp = false, int timeout_ms = 1000) {
  const int fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (!from.empty()) {
    const sockaddr_in own = address_of(from, 0);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own), 0) << from;
  }
  const sockaddr_in address = address_of(ip, port);
  std::string answer = "silence";
  connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (udp) (void)!send(fd, "x", 1, 0);
  pollfd wait{fd, POLLIN, 0};
  char data[128];
  if (poll(&wait, 1, timeout_ms) > 0) {
    const ssize_t got = read(fd, data, sizeof data);
    answer = got > 0 ? std::string(data, static_cast<std::size_t>(got)) : "refused";
  }
  sockaddr_in own{};
  socklen_t size = sizeof own;
  getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size);
  if (const auto last = answer.rfind(' '); last != std::string::npos) {
    const bool same = answer.substr(last + 1) == std::to_string(ntohs(own.sin_port));
    answer = answer.substr(0, last) + (same ? "" : " masqueraded");
  }
  if (!udp) {
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  close(fd);
  return answer;
}
std::string endpoint(const std::string& answer) { return answer.substr(0, answer.find(' ')); }

class Packets : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { network_ = new Status(enter_own_network()); }
  void SetUp() override {
    if (!network_->ok()) GTEST_SKIP() << network_->error().message;
    auto nftables = open_nftables();
    if (!nftables.ok()) GTEST_SKIP() << "needs nftables: " << nftables.error().message;
    nftables_ = std::move(*nftables);
    auto conntrack = open_conntrack();
    ASSERT_TRUE(conntrack.ok()) << conntrack.error().message;
    conntrack_ = std::move(*conntrack);
    ASSERT_TRUE(clean().ok());
    auto node = std::make_shared<corev1::Node>();
    node->metadata.name = "n1";
    client_.add(node);
    ProxierOptions options{.node_name = "n1", .node_ips = {ip("192.0.2.10")}};
    options.local = {LocalTraffic::Mode::cidr, "", {range("10.1.0.0/16")}};
    proxier_ = std::make_unique<Proxier>(options, informers_, *nftables_, conntrack_.get(), real_clock(), [] {});
    informers_.start();
  }
  void TearDown() override { informers_.stop(); }
  Status clean() { return nftables_->run("add table ip kube-proxy\ndelete table ip kube-proxy\nadd table ip6 kube-proxy\ndelete table ip6 kube-proxy\n"); }
  void sync() {
    const Status synced = proxier_->sync();
    ASSERT_TRUE(synced.ok()) << synced.error().message;
  }
  std::set<std::string> seen(const std::string& at, int port, int times, const std::string& from = {}) {
    std::set<std::string> found;
    for (int i = 0; i < times; ++i) found.insert(endpoint(ask(at, port, from)));
    return found;
  }

  static Status* network_;
  std::unique_ptr<Nftables> nftables_;
  std::unique_ptr<Conntrack> conntrack_;
  informer::FakeClient client_{real_clock()};
  informer::InformerFactory informers_{client_, real_clock()};
  std::unique_ptr<Proxier> proxier_;
};
Status* Packets::network_ = nullptr;

using Seen = std::set<std::string>;

TEST_F(Packets, ReachReadyEndpointsAndAreRefusedWithoutAny) {
  Endpoints servers;
  for (const char* at : {"10.1.0.1", "10.1.0.2", "10.1.0.3"}) servers.open(at, 8080);
  servers.start();
  client_.add(service("a", "10.96.0.1"));
  client_.add(slice("a", {{"10.1.0.1", "n1"}, {"10.1.0.2", "n2"}, {"10.1.0.3", "n2", false}}));
  sync();
  EXPECT_EQ(seen("10.96.0.1", 80, 60), (Seen{"10.1.0.1", "10.1.0.2"}));
  EXPECT_EQ(ask("10.96.0.1", 81), "refused") << "another port of a cluster IP";
  client_.add(slice("a", {{"10.1.0.1", "n1", false, true, true}, {"10.1.0.2", "n2", false, false, true}}));
  sync();
  EXPECT_EQ(seen("10.96.0.1", 80, 20), Seen{"10.1.0.1"}) << "the one that serves while it terminates";
  client_.add(slice("a", {}));
  sync();
  EXPECT_EQ(ask("10.96.0.1", 80), "refused");
  client_.add(slice("a", {{"10.1.0.3", "n2"}}));
  sync();
  EXPECT_EQ(seen("10.96.0.1", 80, 5), Seen{"10.1.0.3"});
}

TEST_F(Packets, AreMasqueradedWhenTheyCouldNotComeBackOtherwise) {
  Endpoints servers;
  for (const char* at : {"10.1.0.1", "10.1.0.2"}) servers.open(at, 8080);
  servers.start();
  client_.add(service("a", "10.96.0.1"));
  client_.add(slice("a", {{"10.1.0.1", "n1"}}));
  sync();
  EXPECT_EQ(ask("10.96.0.1", 80, "10.1.0.2"), "10.1.0.1 10.1.0.2") << "a pod keeps its address";
  EXPECT_THAT(ask("10.96.0.1", 80, "10.1.0.1"), EndsWith(" masqueraded")) << "but not before itself";
  EXPECT_THAT(ask("10.96.0.1", 80, "192.0.2.10"), EndsWith(" masqueraded")) << "and nobody else does";
}

TEST_F(Packets, ComeByNodePortsAndExternalAddresses) {
  Endpoints servers;
  for (const char* at : {"10.1.0.1", "10.1.0.2"}) servers.open(at, 8080);
  servers.start();
  auto made = service("a", "10.96.0.1");
  made->spec.type = "NodePort";
  made->spec.ports[0].nodePort = 30080;
  made->spec.externalIPs = {"198.51.100.7"};
  client_.add(made);
  client_.add(slice("a", {{"10.1.0.1", "n1"}, {"10.1.0.2", "n2"}}));
  sync();
  EXPECT_EQ(seen("192.0.2.10", 30080, 60), (Seen{"10.1.0.1", "10.1.0.2"}));
  EXPECT_EQ(seen("198.51.100.7", 80, 60), (Seen{"10.1.0.1", "10.1.0.2"}));
  EXPECT_EQ(ask("127.0.0.1", 30080), "refused") << "not at loopback addresses";
  client_.add(slice("a", {}));
  sync();
  EXPECT_EQ(ask("192.0.2.10", 30080), "refused");
}

TEST_F(Packets, StayOnTheNodeWithPolicyLocal) {
  Endpoints servers;
  for (const char* at : {"10.1.0.1", "10.1.0.2"}) servers.open(at, 8080);
  servers.start();
  auto made = service("a", "10.96.0.1");
  made->spec.internalTrafficPolicy = "Local";
  client_.add(made);
  client_.add(slice("a", {{"10.1.0.1", "n1"}, {"10.1.0.2", "n2"}}));
  sync();
  EXPECT_EQ(seen("10.96.0.1", 80, 30), Seen{"10.1.0.1"});
  client_.add(slice("a", {{"10.1.0.2", "n2"}}));
  sync();
  EXPECT_EQ(ask("10.96.0.1", 80, "", false, 200), "silence") << "dropped, since there are endpoints elsewhere";
}

TEST_F(Packets, OfForbiddenSourcesAreDroppedAtTheBalancer) {
  Endpoints servers;
  servers.open("10.1.0.1", 8080);
  servers.start();
  (void)run_checked({"ip", "addr", "add", "203.0.113.5/32", "dev", "d0"});
  auto made = service("a", "10.96.0.1");
  made->spec.type = "LoadBalancer";
  made->spec.loadBalancerSourceRanges = {"203.0.113.0/24", "203.0.113.0/28"};
  corev1::LoadBalancerIngress ingress;
  ingress.ip = "198.51.100.8";
  made->status.loadBalancer.ingress = {ingress};
  client_.add(made);
  client_.add(slice("a", {{"10.1.0.1", "n1"}}));
  sync();
  EXPECT_EQ(endpoint(ask("198.51.100.8", 80, "203.0.113.5")), "10.1.0.1");
  EXPECT_EQ(ask("198.51.100.8", 80, "192.0.2.10", false, 200), "silence");
  EXPECT_EQ(endpoint(ask("10.96.0.1", 80, "192.0.2.10")), "10.1.0.1") << "the cluster IP knows no ranges";
}

TEST_F(Packets, OfOneClientKeepTheirEndpoint) {
  Endpoints servers;
  std::vector<At> endpoints;
  for (int i = 1; i <= 8; ++i) {
    servers.open("10.1.0." + std::to_string(i), 8080);
    endpoints.push_back({"10.1.0." + std::to_string(i), "n1"});
  }
  servers.start();
  auto made = service(std::string(63, 's'), "10.96.0.1");
  made->metadata.namespace_ = std::string(63, 'n');
  made->spec.sessionAffinity = "ClientIP";
  made->spec.sessionAffinityConfig = corev1::SessionAffinityConfig();
  made->spec.sessionAffinityConfig->clientIP = corev1::ClientIPConfig();
  made->spec.sessionAffinityConfig->clientIP->timeoutSeconds = 3600;
  client_.add(made);
  auto put = [&](const std::vector<At>& list) {
    auto one = slice(made->metadata.name.str(), list);
    one->metadata.namespace_ = made->metadata.namespace_;
    one->metadata.name = "s-1";
    client_.add(one);
    sync();
  };
  put(endpoints);
  EXPECT_EQ(seen("10.96.0.1", 80, 20, "192.0.2.10").size(), 1u);
  Seen all;
  for (int i = 1; i <= 8; ++i) all.merge(seen("10.96.0.1", 80, 2, "10.1.0." + std::to_string(i)));
  EXPECT_GT(all.size(), 1u) << "clients are spread";
  const std::string kept = endpoint(ask("10.96.0.1", 80, "192.0.2.10"));
  std::erase_if(endpoints, [&](const At& one) { return one.ip == kept; });
  put(endpoints);
  const Seen other = seen("10.96.0.1", 80, 20, "192.0.2.10");
  EXPECT_EQ(other.size(), 1u);
  EXPECT_FALSE(other.contains(kept)) << "an endpoint that is gone keeps nobody";
  made = std::make_shared<corev1::Service>(*made);
  made->spec.sessionAffinityConfig->clientIP->timeoutSeconds = 1;
  client_.add(made);
  sync();
  const std::string before = endpoint(ask("10.96.0.1", 80, "192.0.2.10"));
  bool changed = false;
  for (int i = 0; i < 12 && !changed; ++i) {
    poll(nullptr, 0, 1200);  // longer than the timeout
    changed = endpoint(ask("10.96.0.1", 80, "192.0.2.10")) != before;
  }
  EXPECT_TRUE(changed) << "a client that was away for longer than the timeout is free again";
  made = std::make_shared<corev1::Service>(*made);
  made->spec.sessionAffinity = "None";
  client_.add(made);
  sync();
  EXPECT_GT(seen("10.96.0.1", 80, 40, "192.0.2.10").size(), 1u);
}

TEST_F(Packets, OfUdpFollowWhenTheirEndpointGoes) {
  Endpoints servers;
  for (const char* at : {"10.1.0.1", "10.1.0.2"}) servers.open(at, 5353, true);
  servers.start();
  client_.add(service("dns", "10.96.0.10", 53, "UDP"));
  client_.add(slice("dns", {{"10.1.0.1", "n1"}}, 5353, "UDP"));
  sync();
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = address_of("10.96.0.10", 53);
  ASSERT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const timeval limit{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const auto again = [&] {
    char data[128] = "";
    (void)!send(fd, "x", 1, 0);
    const ssize_t got = recv(fd, data, sizeof data, 0);
    return endpoint(got > 0 ? std::string(data, static_cast<std::size_t>(got)) : "silence");
  };
  EXPECT_EQ(again(), "10.1.0.1");
  client_.add(slice("dns", {{"10.1.0.2", "n1"}}, 5353, "UDP"));
  sync();
  EXPECT_EQ(again(), "10.1.0.2") << "the same socket, which conntrack would send to the first";
  close(fd);
}

TEST_F(Packets, GoOnAfterRulesWereTakenAway) {
  Endpoints servers;
  servers.open("10.1.0.1", 8080);
  servers.start();
  client_.add(service("a", "10.96.0.1"));
  client_.add(slice("a", {{"10.1.0.1", "n1"}}));
  sync();
  ASSERT_TRUE(clean().ok());
  proxier_->verify();
  sync();
  EXPECT_EQ(endpoint(ask("10.96.0.1", 80)), "10.1.0.1");
  ASSERT_TRUE(clean().ok());
  client_.add(service("b", "10.96.0.2"));
  EXPECT_FALSE(proxier_->sync().ok()) << "a change of a table that is gone fails";
  sync();
  EXPECT_EQ(endpoint(ask("10.96.0.1", 80)), "10.1.0.1");
  EXPECT_EQ(ask("10.96.0.2", 80), "refused");
}

// Each of 10 endpoints gets its share of 10,000 connections: chi-square with 9 degrees of freedom exceeds 27.9 once in a thousand times.
TEST_F(Packets, AreSpreadEvenly) {
  Endpoints servers;
  std::vector<At> endpoints;
  for (int i = 1; i <= 10; ++i) {
    servers.open("10.1.0." + std::to_string(i), 8080);
    endpoints.push_back({"10.1.0." + std::to_string(i), "n1"});
  }
  servers.start();
  client_.add(service("a", "10.96.0.1"));
  client_.add(slice("a", endpoints));
  sync();
  std::map<std::string, int> counts;
  constexpr int connections = 10'000;
  for (int i = 0; i < connections; ++i) ++counts[endpoint(ask("10.96.0.1", 80))];
  ASSERT_EQ(counts.size(), 10u);
  double chi_square = 0;
  for (const auto& [at, count] : counts) chi_square += std::pow(count - connections / 10.0, 2) / (connections / 10.0);
  RecordProperty("chi_square", std::to_string(chi_square));
  EXPECT_LT(chi_square, 27.9);
}

}  // namespace
}  // namespace plumb::proxy
