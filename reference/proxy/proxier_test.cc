#include "reference/proxy/proxier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/api/types/networkingv1.h"
#include "reference/informer/fake_client.h"
#include "reference/proxy/testing.h"

namespace plumb::proxy {
namespace {

using namespace testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class FakeNftables final : public Nftables {
 public:
  Status run(const std::string& commands) override {
    ran.push_back(commands);
    if (fails > 0 && --fails >= 0) return fail(Code::unavailable, "no");
    return {};
  }
  std::vector<std::string> take() { return std::exchange(ran, {}); }
  std::vector<std::string> ran;
  int fails = 0;
};

class FakeConntrack final : public Conntrack {
 public:
  Result<int> remove_udp(Family, const std::function<bool(const Flow&)>& stale) override {
    return static_cast<int>(std::erase_if(flows, stale));
  }
  std::vector<Flow> flows;
};

class ProxierTest : public ::testing::Test {
 protected:
  ProxierTest() {
    node_ = std::make_shared<corev1::Node>();
    node_->metadata.name = "n1";
    node_->metadata.labels.set("topology.kubernetes.io/zone", "z1");
    client_.add(node_);
    ProxierOptions options{.node_name = "n1", .node_ips = {ip("192.0.2.10")}};
    proxier_ = std::make_unique<Proxier>(options, informers_, nftables_, &conntrack_, clock_, [this] { ++told_; });
  }
  ~ProxierTest() override { informers_.stop(); }
  void start() {
    informers_.start();
    sync();
    EXPECT_EQ(nftables_.ran.size(), 1u);
    nftables_.take();
  }
  void sync() {
    const Status synced = proxier_->sync();
    EXPECT_TRUE(synced.ok()) << (synced.ok() ? "" : synced.error().message);
  }
  std::string one() {
    sync();
    const auto ran = nftables_.take();
    EXPECT_EQ(ran.size(), 1u);
    return ran.empty() ? "" : ran[0];
  }
  template <class T, class Change>
  std::shared_ptr<T> changed(const std::shared_ptr<T>& before, Change change) {
    auto after = std::make_shared<T>(*before);
    change(*after);
    client_.add(after);
    return after;
  }

  VirtualClock clock_;
  informer::FakeClient client_{clock_};
  informer::InformerFactory informers_{client_, clock_};
  FakeNftables nftables_;
  FakeConntrack conntrack_;
  std::shared_ptr<corev1::Node> node_;
  int told_ = 0;
  std::unique_ptr<Proxier> proxier_;
};

TEST_F(ProxierTest, WritesNothingBeforeItHasSeenEverything) {
  sync();
  EXPECT_THAT(nftables_.ran, IsEmpty());
  EXPECT_EQ(told_, 0);
}

TEST_F(ProxierTest, WritesTheWholeFirstAndThenWhatChanges) {
  client_.add(service("a", "10.96.0.1"));
  client_.add(slice("a", {{"10.1.0.1", "n1"}}));
  informers_.start();
  EXPECT_THAT(one(), StartsWith("add table ip kube-proxy\ndelete table ip kube-proxy\n"));
  sync();
  EXPECT_THAT(nftables_.take(), IsEmpty()) << "nothing has changed";
  const int told = told_;
  client_.add(slice("a", {{"10.1.0.1", "n1"}, {"10.1.0.2", "n2"}}));
  EXPECT_GT(told_, told);
  const std::string change = one();
  EXPECT_THAT(change, Not(HasSubstr("add table")));
  EXPECT_THAT(change, HasSubstr("add element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 1 : 10.1.0.2 . 8080 }"));
  client_.erase(informer::resource_of<discoveryv1::EndpointSlice>(), "ns/a-1");
  EXPECT_THAT(one(), HasSubstr("add element ip kube-proxy no-endpoint-services { 10.96.0.1 . tcp . 80 : goto reject-chain }"));
  client_.erase(informer::resource_of<corev1::Service>(), "ns/a");
  EXPECT_THAT(one(), HasSubstr("delete element ip kube-proxy cluster-ips { 10.96.0.1 }"));
  EXPECT_EQ(proxier_->element_count(), 0u);
}

TEST_F(ProxierTest, SeesASliceThatGoesToAnotherService) {
  client_.add(service("a", "10.96.0.1"));
  client_.add(service("b", "10.96.0.2"));
  auto moving = slice("a", {{"10.1.0.1", "n1"}});
  client_.add(moving);
  start();
  changed(moving, [](auto& it) { it.metadata.labels.set("kubernetes.io/service-name", "b"); });
  const std::string change = one();
  EXPECT_THAT(change, HasSubstr("delete element ip kube-proxy endpoints-tcp { 10.96.0.1 . 80 . 0 }"));
  EXPECT_THAT(change, HasSubstr("add element ip kube-proxy endpoints-tcp { 10.96.0.2 . 80 . 0 : 10.1.0.1 . 8080 }"));
}

TEST_F(ProxierTest, StartsAnewAfterAFailure) {
  client_.add(service("a", "10.96.0.1"));
  start();
  nftables_.fails = 1;
  client_.add(slice("a", {{"10.1.0.1", "n1"}}));
  EXPECT_FALSE(proxier_->sync().ok());
  nftables_.take();
  const std::string whole = one();
  EXPECT_THAT(whole, StartsWith("add table ip kube-proxy\n"));
  EXPECT_THAT(whole, HasSubstr("10.96.0.1 . 80 . 0 : 10.1.0.1 . 8080"));
}

TEST_F(ProxierTest, StartsAnewWhenTheRulesAreGoneAndAfterAnHour) {
  client_.add(service("a", "10.96.0.1"));
  start();
  proxier_->verify();
  sync();
  EXPECT_EQ(nftables_.take().size(), 1u) << "the look alone";
  nftables_.fails = 1;
  proxier_->verify();
  nftables_.take();
  EXPECT_THAT(one(), StartsWith("add table ip kube-proxy\n"));
  clock_.advance(1h);
  EXPECT_THAT(one(), StartsWith("add table ip kube-proxy\n"));
}

TEST_F(ProxierTest, DeletesUnusedChainsWhenItLooks) {
  client_.add(service("a", "10.96.0.1"));
  client_.add(slice("a", {{"10.1.0.1", "n1"}}));
  start();
  client_.erase(informer::resource_of<corev1::Service>(), "ns/a");
  EXPECT_THAT(one(), HasSubstr("flush chain ip kube-proxy to-tcp-1"));
  clock_.advance(1s);
  proxier_->verify();
  const auto ran = nftables_.take();
  ASSERT_EQ(ran.size(), 2u);
  EXPECT_THAT(ran[0], HasSubstr("delete chain ip kube-proxy to-tcp-1\n"));
  proxier_->verify();
  EXPECT_EQ(nftables_.take().size(), 1u);
}

TEST_F(ProxierTest, GivesAnExternalAddressToOneServiceAtATime) {
  auto first = service("a", "10.96.0.1"), second = service("b", "10.96.0.2");
  for (const auto& one : {first, second}) one->spec.externalIPs = {"198.51.100.1"};
  client_.add(first);
  client_.add(second);
  client_.add(slice("a", {{"10.1.0.1", "n1"}}));
  client_.add(slice("b", {{"10.1.0.2", "n1"}}));
  informers_.start();
  const std::string whole = one();
  EXPECT_THAT(whole, HasSubstr("198.51.100.1 . 80 . 0 : 10.1.0.1"));
  EXPECT_THAT(whole, Not(HasSubstr("198.51.100.1 . 80 . 0 : 10.1.0.2")));
  client_.erase(informer::resource_of<corev1::Service>(), "ns/a");
  EXPECT_THAT(one(), HasSubstr("198.51.100.1 . 80 . 0 : 10.1.0.2"));
}

TEST_F(ProxierTest, FollowsTheZoneOfTheNodeAndTheRangesOfServices) {
  client_.add(service("a", "10.96.0.1"));
  auto hinted = slice("a", {{"10.1.0.1", "n1"}, {"10.1.0.2", "n2"}});
  for (int i = 0; i < 2; ++i) {
    discoveryv1::ForZone zone;
    zone.name = i == 0 ? "z1" : "z2";
    hinted->endpoints[i].hints = discoveryv1::EndpointHints();
    hinted->endpoints[i].hints->forZones = {zone};
  }
  client_.add(hinted);
  informers_.start();
  EXPECT_THAT(one(), HasSubstr("endpoints-tcp { 10.96.0.1 . 80 . 0 : 10.1.0.1 . 8080 }"));
  node_ = changed(node_, [](auto& it) { it.metadata.labels.set("topology.kubernetes.io/zone", "z2"); });
  EXPECT_THAT(one(), HasSubstr("endpoints-tcp { 10.96.0.1 . 80 . 0 : 10.1.0.2 . 8080 }"));
  changed(node_, [](auto& it) { it.metadata.labels.set("other", "label"); });
  sync();
  EXPECT_THAT(nftables_.take(), IsEmpty()) << "what the rules do not depend on changes nothing";
  auto range = std::make_shared<networkingv1::ServiceCIDR>();
  range->metadata.name = "kubernetes";
  range->spec.cidrs = {"10.96.0.0/16"};
  client_.add(range);
  EXPECT_THAT(one(), HasSubstr("ip daddr { 10.96.0.0/16 } drop"));
}

TEST_F(ProxierTest, ServesTheSecondFamilyOnceThereIsAServiceOfIt) {
  client_.add(service("a", "10.96.0.1"));
  start();
  auto both = service("b", "10.96.0.2");
  both->spec.clusterIPs = {"10.96.0.2", "fd00::2"};
  client_.add(both);
  client_.add(slice("b", {{"fd01::1", "n1"}}));
  sync();
  const auto ran = nftables_.take();
  ASSERT_EQ(ran.size(), 2u);
  EXPECT_THAT(ran[0], HasSubstr("no-endpoint-services { 10.96.0.2"));
  EXPECT_THAT(ran[1], StartsWith("add table ip6 kube-proxy\n"));
  EXPECT_THAT(ran[1], HasSubstr("endpoints-tcp { fd00::2 . 80 . 0 : fd01::1 . 8080 }"));
}

TEST_F(ProxierTest, LetsUdpFlowsGoWithTheirEndpoint) {
  client_.add(service("dns", "10.96.0.10", 53, "UDP"));
  client_.add(slice("dns", {{"10.1.0.1", "n1"}, {"10.1.0.2", "n1"}}, 5353, "UDP"));
  start();
  const Target vip{ip("10.96.0.10"), 53};
  conntrack_.flows = {{vip, {ip("10.1.0.1"), 5353}}, {vip, {ip("10.1.0.2"), 5353}}, {{ip("10.1.0.2"), 5353}, {ip("10.1.0.2"), 5353}}};
  client_.add(slice("dns", {{"10.1.0.1", "n1"}}, 5353, "UDP"));
  sync();
  ASSERT_EQ(conntrack_.flows.size(), 2u);
  EXPECT_EQ(conntrack_.flows[0].answering.ip.text(), "10.1.0.1");
  client_.erase(informer::resource_of<corev1::Service>(), "ns/dns");
  sync();
  EXPECT_EQ(conntrack_.flows.size(), 1u) << "those of a Service that is gone; others stay";
}

TEST_F(ProxierTest, CountsLocalEndpointsForHealthChecks) {
  auto balanced = service("a", "10.96.0.1");
  balanced->spec.type = "LoadBalancer";
  balanced->spec.externalTrafficPolicy = "Local";
  balanced->spec.healthCheckNodePort = 32000;
  client_.add(balanced);
  client_.add(slice("a", {{"10.1.0.1", "n1"}, {"10.1.0.2", "n1", false}, {"10.1.0.3", "n2"}}));
  start();
  ASSERT_EQ(proxier_->health_checks().size(), 1u);
  EXPECT_EQ(proxier_->health_checks()[0], (HealthCheck{"ns", "a", 32000, 1}));
  client_.erase(informer::resource_of<corev1::Service>(), "ns/a");
  sync();
  EXPECT_THAT(proxier_->health_checks(), IsEmpty());
}

TEST_F(ProxierTest, KnowsThatTheNodeGoes) {
  start();
  EXPECT_TRUE(proxier_->node_eligible());
  changed(node_, [](auto& it) {
    corev1::Taint taint;
    taint.key = "ToBeDeletedByClusterAutoscaler";
    it.spec.taints = {taint};
  });
  sync();
  EXPECT_FALSE(proxier_->node_eligible());
}

}  // namespace
}  // namespace plumb::proxy
