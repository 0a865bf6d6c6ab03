// Real packets between pods, through the kernel's nftables: two on one bridge, one of another node.
#include <gtest/gtest.h>

#include <memory>

#include "reference/informer/fake_client.h"
#include "reference/policy/enforcer.h"
#include "reference/policy/network_testing.h"
#include "reference/policy/policy.h"
#include "reference/policy/testing.h"

namespace plumb::policy {
namespace {

using namespace testing;
using testing::port;

constexpr char a_ip[] = "10.1.0.2", b_ip[] = "10.1.0.3", far_ip[] = "10.2.0.2";

struct Network {
  Pod a, b, far;
};

class PolicyPackets : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ready_ = new Status(make_network()); }
  static void TearDownTestSuite() {
    delete network_;
    delete ready_;
  }
  static Status make_network() {
    PLUMB_TRY(become_node());
    network_ = new Network();
    PLUMB_TRY(attach(network_->a, "pod-a", a_ip));
    PLUMB_TRY(attach(network_->b, "pod-b", b_ip));
    PLUMB_TRY(attach_far(network_->far, "pod-far", far_ip));
    for (Pod* pod : {&network_->a, &network_->b, &network_->far}) pod->serve({80, 81, 90});
    return {};
  }
  void SetUp() override {
    if (!ready_->ok() && network_ == nullptr) GTEST_SKIP() << ready_->error().message;
    ASSERT_TRUE(ready_->ok()) << ready_->error().message;
    auto nftables = proxy::open_nftables();
    if (!nftables.ok()) GTEST_SKIP() << "needs nftables: " << nftables.error().message;
    nftables_ = std::move(*nftables);
    ASSERT_TRUE(clean_up().ok());
    auto node = std::make_shared<corev1::Node>();
    node->metadata.name = "n1";
    node->spec.podCIDR = "10.1.0.0/24";
    client_.add(node);
    client_.add(space("x", {{"team", "x"}}));
    client_.add(space("y", {{"team", "y"}}));
    client_.add(pod("x", "a", {{"app", "a"}}, "n1", a_ip));
    auto b = pod("x", "b", {{"app", "b"}}, "n1", b_ip);
    add_port(*b, "web", 80);
    client_.add(b);
    auto far = pod("y", "far", {{"app", "far"}}, "n2", far_ip);
    add_port(*far, "web", 81);
    client_.add(far);
    enforcer_ = std::make_unique<Enforcer>(EnforcerOptions{.node_name = "n1"}, informers_, *nftables_, real_clock(), [] {});
    informers_.start();
    sync();
  }
  void TearDown() override {
    informers_.stop();
    if (!nftables_) return;
    EXPECT_TRUE(clean_up().ok());
  }
  void sync() {
    const Status synced = enforcer_->sync();
    ASSERT_TRUE(synced.ok()) << synced.error().message;
  }
  void put(std::shared_ptr<networkingv1::NetworkPolicy> one) {
    client_.add(one);
    sync();
  }
  Pod& a() { return network_->a; }
  Pod& b() { return network_->b; }
  Pod& far() { return network_->far; }

  static Status* ready_;
  static Network* network_;
  std::unique_ptr<proxy::Nftables> nftables_;
  informer::FakeClient client_{real_clock()};
  informer::InformerFactory informers_{client_, real_clock()};
  std::unique_ptr<Enforcer> enforcer_;
};
Status* PolicyPackets::ready_ = nullptr;
Network* PolicyPackets::network_ = nullptr;

TEST_F(PolicyPackets, AreDroppedOnTheBridgeAndFromAfarByADefaultDeny) {
  EXPECT_TRUE(a().reaches(b_ip, 80));
  EXPECT_TRUE(far().reaches(b_ip, 80));
  put(policy("x", "deny", {{"app", "b"}}, {"Ingress"}));
  EXPECT_FALSE(a().reaches(b_ip, 80)) << "over the bridge";
  EXPECT_FALSE(a().reaches(b_ip, 80, By::udp));
  EXPECT_FALSE(far().reaches(b_ip, 80)) << "over a route";
  EXPECT_TRUE(reaches(b_ip, 80)) << "from the node itself";
  EXPECT_TRUE(b().reaches(a_ip, 80)) << "answers to an isolated pod pass";
  EXPECT_TRUE(b().reaches(far_ip, 80));
  EXPECT_TRUE(a().reaches(far_ip, 80)) << "others are not concerned";
  client_.erase(informer::resource_of<networkingv1::NetworkPolicy>(), "x/deny");
  sync();
  EXPECT_TRUE(a().reaches(b_ip, 80));
}

TEST_F(PolicyPackets, OfAllowedPeersAndPortsPass) {
  auto made = policy("x", "some", {{"app", "b"}}, {"Ingress"});
  allow_from(*made, {pods({{"app", "a"}})}, {port("web"), port(85, "TCP", 95), port(81, "UDP")});
  put(made);
  EXPECT_TRUE(a().reaches(b_ip, 80)) << "the named port";
  EXPECT_TRUE(a().reaches(b_ip, 90)) << "the range";
  EXPECT_FALSE(a().reaches(b_ip, 81));
  EXPECT_TRUE(a().reaches(b_ip, 81, By::udp));
  EXPECT_FALSE(a().reaches(b_ip, 80, By::udp));
  EXPECT_FALSE(far().reaches(b_ip, 80));
  auto more = policy("x", "more", {{"app", "b"}}, {"Ingress"});
  allow_from(*more, {spaces({{"team", "y"}})}, {port(81)});
  put(more);
  EXPECT_TRUE(far().reaches(b_ip, 81)) << "policies add up";
  EXPECT_FALSE(far().reaches(b_ip, 80));
  client_.add(space("y", {{"team", "z"}}));
  sync();
  EXPECT_FALSE(far().reaches(b_ip, 81)) << "the namespace's labels have changed";
  client_.add(pod("x", "a", {{"app", "other"}}, "n1", a_ip));
  sync();
  EXPECT_FALSE(a().reaches(b_ip, 80)) << "the pod's labels have changed";
}

TEST_F(PolicyPackets, LeaveAPodOnlyForWhereItMayGo) {
  auto made = policy("x", "out", {{"app", "a"}}, {"Egress"});
  allow_to(*made, {block("10.0.0.0/8", {"10.1.0.0/16"})}, {port(80)});
  put(made);
  EXPECT_TRUE(a().reaches(far_ip, 80));
  EXPECT_FALSE(a().reaches(far_ip, 81));
  EXPECT_FALSE(a().reaches(b_ip, 80)) << "excepted";
  EXPECT_TRUE(b().reaches(a_ip, 80)) << "ingress is another matter";
  made = policy("x", "out", {{"app", "a"}}, {"Egress"});
  allow_to(*made, {pods_of({}, {})}, {port("web")});
  put(made);
  EXPECT_TRUE(a().reaches(b_ip, 80)) << "each destination has a number of its own";
  EXPECT_TRUE(a().reaches(far_ip, 81));
  EXPECT_FALSE(a().reaches(far_ip, 80));
  put(policy("x", "in", {{"app", "b"}}, {"Ingress"}));
  EXPECT_FALSE(a().reaches(b_ip, 80)) << "both ends have to allow it";
}

TEST_F(PolicyPackets, ThroughAServiceAreJudgedByTheirDestination) {
  ASSERT_TRUE(nftables_->run("add table ip nat-test\nadd chain ip nat-test to { type nat hook prerouting priority -100; }\nadd rule ip nat-test to ip daddr 10.96.0.1 tcp dport 8 dnat to 10.1.0.3:80\n"
                             "add rule ip nat-test to ip daddr 10.96.0.2 tcp dport 8 dnat to 10.2.0.2:80\nadd rule ip nat-test to ip daddr 10.96.0.3 tcp dport 8 dnat to 10.1.0.2:80\n"
                             "add chain ip nat-test back { type nat hook postrouting priority 100; }\nadd rule ip nat-test back ip saddr 10.1.0.2 ip daddr 10.1.0.2 masquerade\n").ok());
  auto made = policy("x", "out", {{"app", "a"}}, {"Ingress", "Egress"});
  allow_to(*made, {pods({{"app", "b"}})}, {port(80)});
  put(made);
  EXPECT_TRUE(a().reaches("10.96.0.1", 8));
  EXPECT_FALSE(a().reaches("10.96.0.2", 8));
  EXPECT_TRUE(a().reaches("10.96.0.3", 8)) << "a pod cannot be kept from itself";
  EXPECT_TRUE(nftables_->run("delete table ip nat-test\n").ok());
}

TEST_F(PolicyPackets, OfConnectionsThatExistGoOn) {
  const int fd = a().connect(b_ip, 80);
  ASSERT_GE(fd, 0);
  EXPECT_TRUE(echoes(fd));
  put(policy("x", "deny", {}, {"Ingress", "Egress"}));
  EXPECT_TRUE(echoes(fd));
  EXPECT_FALSE(a().reaches(b_ip, 80));
  close(fd);
}

TEST_F(PolicyPackets, WaitWhileAnIsolatedPodIsNotKnownYet) {
  put(policy("x", "deny", {{"app", "b"}}, {"Ingress", "Egress"}));
  client_.add(pod("x", "b", {{"app", "b"}}, "n1", ""));
  sync();
  EXPECT_FALSE(a().reaches(b_ip, 80)) << "its address is unknown, and it will be isolated";
  EXPECT_FALSE(b().reaches(far_ip, 80));
  EXPECT_TRUE(a().reaches(far_ip, 80)) << "known pods go on";
  client_.add(pod("x", "b", {{"app", "free"}}, "n1", b_ip));
  sync();
  EXPECT_TRUE(a().reaches(b_ip, 80));
}

TEST_F(PolicyPackets, StayDroppedAfterRulesWereTakenAway) {
  put(policy("x", "deny", {{"app", "b"}}, {"Ingress"}));
  ASSERT_TRUE(clean_up().ok());
  EXPECT_TRUE(a().reaches(b_ip, 80));
  enforcer_->verify();
  sync();
  EXPECT_FALSE(a().reaches(b_ip, 80));
  ASSERT_TRUE(clean_up().ok());
  client_.add(policy("x", "more", {{"app", "a"}}, {"Ingress"}));
  EXPECT_FALSE(enforcer_->sync().ok()) << "a change of a table that is gone fails";
  sync();
  EXPECT_FALSE(a().reaches(b_ip, 80));
  EXPECT_FALSE(b().reaches(a_ip, 80));
}

}  // namespace
}  // namespace plumb::policy
