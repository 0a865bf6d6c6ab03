#include <gtest/gtest.h>

#include <set>

#include "reference/api/codec/json.h"
#include "reference/api/types/discoveryv1.h"
#include "reference/apiserver/services/services.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

std::shared_ptr<corev1::Service> service(const std::string& name, const std::string& spec) {
  auto decoded = api::decode_json(corev1::Service::info(), R"({"metadata":{"name":")" + name + R"(","namespace":"default"},"spec":)" + spec + "}");
  EXPECT_TRUE(decoded.ok()) << decoded.error().message;
  return std::static_pointer_cast<corev1::Service>(*decoded);
}
const corev1::Service& as_service(const CachedPtr& object) { return static_cast<const corev1::Service&>(**object); }
std::string text(const api::List<api::Str>& list) {
  std::string out;
  for (const auto& each : list) out += (out.empty() ? "" : ",") + each.str();
  return out;
}

class GivingOut : public RegistryTest {
 protected:
  void SetUp() override {
    RegistryTest::SetUp();
    auto made = Services::make(*registry_, *store_, options());
    ASSERT_TRUE(made.ok()) << made.error().message;
    services_ = std::move(*made);
    ASSERT_TRUE(services_->prepare().ok());
  }
  void TearDown() override {
    services_.reset();
    RegistryTest::TearDown();
  }
  virtual ServiceOptions options() const { return {{"10.96.0.0/24"}, "30000-30039", "192.0.2.1"}; }
  corev1::Service made(const std::string& name, const std::string& spec) {
    const auto result = create(service(name, spec));
    EXPECT_TRUE(result.ok()) << result.status().message.str();
    return result.ok() ? as_service(*result) : corev1::Service();
  }
  std::string refusal(const std::string& name, const std::string& spec) {
    const auto result = create(service(name, spec));
    EXPECT_FALSE(result.ok());
    return result.ok() ? "" : result.status().message.str();
  }
  std::set<std::string> addresses() const {
    std::set<std::string> names;
    for (const auto& object : registry_->list(networkingv1::IPAddress::info(), "")) names.insert(object->metadata.name.str());
    return names;
  }
  // As they stand in the store.
  std::set<std::int32_t> ports() {
    NodePorts stored(*NodePorts::Range::parse("30000-30039"));
    EXPECT_TRUE(stored.load(*store_).ok());
    return stored.begin().taken();
  }
  ApiResult<CachedPtr> change(const std::string& name, const std::function<void(corev1::Service&)>& how, std::string_view subresource = {}) {
    return await<CachedPtr>([&](auto done) {
      registry_->transform(context_, resource(corev1::Service::info()), {"default", name}, subresource, [how](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
        auto next = std::make_shared<corev1::Service>(static_cast<const corev1::Service&>(current));
        how(*next);
        return std::shared_ptr<api::Object>(next);
      }, done);
    });
  }
  std::vector<std::string> events() const {
    std::vector<std::string> lines;
    for (const auto& object : registry_->list(corev1::Event::info(), "")) {
      const auto& event = static_cast<const corev1::Event&>(*object);
      lines.push_back(event.reason.str() + " " + event.involvedObject.kind.str() + "/" + event.involvedObject.name.str() + " x" + std::to_string(event.count));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  using Lines = std::vector<std::string>;

  std::unique_ptr<Services> services_;
};

class DualStack : public GivingOut {
 protected:
  ServiceOptions options() const override { return {{"10.96.0.0/24", "fd00:96::/112"}, "30000-30039", ""}; }
};

TEST_F(GivingOut, AnAddressIsGivenFromTheUpperPartAndTakenBack) {
  const auto a = made("a", R"({"ports":[{"port":80}]})");
  EXPECT_EQ(a.spec.clusterIPs.size(), 1u);
  EXPECT_EQ(a.spec.clusterIPs[0], a.spec.clusterIP);
  EXPECT_EQ(text(a.spec.ipFamilies), "IPv4");
  EXPECT_EQ(*a.spec.ipFamilyPolicy, "SingleStack");
  const auto ip = api::Ip::parse(a.spec.clusterIP);
  ASSERT_TRUE(ip);
  EXPECT_GE(ip->number, api::Ip::parse("10.96.0.17")->number);  // 16 of 256 are kept for those who ask
  EXPECT_EQ(addresses(), std::set<std::string>{a.spec.clusterIP.str()});
  const auto object = registry_->get<networkingv1::IPAddress>("", a.spec.clusterIP);
  EXPECT_EQ(object->spec.parentRef->resource, "services");
  EXPECT_EQ(object->spec.parentRef->name, "a");
  EXPECT_EQ(object->metadata.labels.get("ipaddress.kubernetes.io/ip-family"), "IPv4");
  ASSERT_TRUE(remove(corev1::Service::info(), "default", "a").ok());
  EXPECT_EQ(addresses(), std::set<std::string>{});
}

TEST_F(GivingOut, WhoAsksGetsItOnce) {
  EXPECT_EQ(made("a", R"({"clusterIP":"10.96.0.9","ports":[{"port":80}]})").spec.clusterIP, "10.96.0.9");
  EXPECT_EQ(refusal("b", R"({"clusterIP":"10.96.0.9","ports":[{"port":80}]})"),
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.9\"]: failed to allocate IP 10.96.0.9: provided IP is already allocated");
  EXPECT_EQ(refusal("b", R"({"clusterIP":"10.97.0.9","ports":[{"port":80}]})"),
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.97.0.9\"]: failed to allocate IP 10.97.0.9: the provided network does not match the current range");
  EXPECT_EQ(refusal("b", R"({"clusterIP":"10.96.0.255","ports":[{"port":80}]})"),
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.255\"]: failed to allocate IP 10.96.0.255: the provided IP (10.96.0.255) is not in the valid range. "
            "The range of valid IPs is 10.96.0.0/24");
  EXPECT_EQ(refusal("b", R"({"clusterIPs":["10.96.0.8"],"ports":[{"port":80}]})"),
            "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.8\"]: must be empty when `clusterIP` is not specified");
  EXPECT_EQ(refusal("b", R"({"ipFamilies":["IPv6"],"ports":[{"port":80}]})"),
            "Service \"b\" is invalid: spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster");
  EXPECT_EQ(refusal("b", R"({"ipFamilyPolicy":"RequireDualStack","ports":[{"port":80}]})"),
            "Service \"b\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services");
  EXPECT_EQ(addresses(), std::set<std::string>{"10.96.0.9"});
}

TEST_F(GivingOut, TheWholeRangeIsUsedAndThenFull) {
  for (int i = 0; i < 254; ++i) made("s" + std::to_string(i), R"({"ports":[{"port":80}]})");
  EXPECT_EQ(addresses().size(), 254u);
  EXPECT_EQ(refusal("more", R"({"ports":[{"port":80}]})"), "Internal error occurred: failed to allocate a serviceIP: range is full");
  ASSERT_TRUE(remove(corev1::Service::info(), "default", "s7").ok());
  made("more", R"({"ports":[{"port":80}]})");
}

TEST_F(GivingOut, HeadlessAndExternalNamesGetNone) {
  const auto headless = made("h", R"({"clusterIP":"None","selector":{"a":"b"},"ports":[{"port":80}]})");
  EXPECT_EQ(text(headless.spec.clusterIPs), "None");
  EXPECT_EQ(text(headless.spec.ipFamilies), "IPv4");
  const auto selectorless = made("s", R"({"clusterIP":"None"})");
  EXPECT_EQ(text(selectorless.spec.ipFamilies), "IPv4,IPv6");
  EXPECT_EQ(*selectorless.spec.ipFamilyPolicy, "RequireDualStack");
  const auto external = made("e", R"({"type":"ExternalName","externalName":"example.org"})");
  EXPECT_EQ(external.spec.clusterIP, "");
  EXPECT_FALSE(external.spec.ipFamilyPolicy);
  EXPECT_EQ(addresses(), std::set<std::string>{});
}

TEST_F(GivingOut, TypesChangeWithWhatTheyHold) {
  made("a", R"({"type":"ExternalName","externalName":"example.org"})");
  const auto with_port = [](corev1::Service& next) {
    next.spec.type = "NodePort";
    next.spec.externalName.reset();
    next.spec.ports.emplace_back().port = 80;
  };
  ASSERT_TRUE(change("a", with_port).ok());
  const auto now = registry_->get<corev1::Service>("default", "a");
  EXPECT_EQ(addresses(), std::set<std::string>{now->spec.clusterIP.str()});
  EXPECT_EQ(ports(), std::set<std::int32_t>{now->spec.ports[0].nodePort});
  EXPECT_GE(now->spec.ports[0].nodePort, 30016);
  // To ClusterIP: the port goes, the address stays.
  ASSERT_TRUE(change("a", [](corev1::Service& next) { next.spec.type = "ClusterIP"; }).ok());
  EXPECT_EQ(registry_->get<corev1::Service>("default", "a")->spec.clusterIP, now->spec.clusterIP);
  EXPECT_EQ(registry_->get<corev1::Service>("default", "a")->spec.ports[0].nodePort, 0);
  EXPECT_EQ(ports(), std::set<std::int32_t>{});
  // To ExternalName: nothing stays.
  ASSERT_TRUE(change("a", [](corev1::Service& next) {
    next.spec.type = "ExternalName";
    next.spec.externalName = "example.org";
  }).ok());
  EXPECT_EQ(registry_->get<corev1::Service>("default", "a")->spec.clusterIPs.size(), 0u);
  EXPECT_FALSE(registry_->get<corev1::Service>("default", "a")->spec.ipFamilyPolicy);
  EXPECT_EQ(addresses(), std::set<std::string>{});
}

TEST_F(GivingOut, AnUpdateThatSaysNothingKeepsWhatWasGiven) {
  const auto a = made("a", R"({"type":"NodePort","ports":[{"name":"x","port":80},{"name":"y","port":81}]})");
  const auto again = service("a", R"({"type":"NodePort","ports":[{"name":"y","port":91},{"name":"x","port":80}]})");
  const auto updated = update(again);
  ASSERT_TRUE(updated.ok()) << updated.status().message.str();
  EXPECT_EQ(as_service(*updated).spec.clusterIP, a.spec.clusterIP);
  EXPECT_EQ(as_service(*updated).spec.ports[0].nodePort, a.spec.ports[1].nodePort);
  EXPECT_EQ(as_service(*updated).spec.ports[1].nodePort, a.spec.ports[0].nodePort);
  EXPECT_EQ(ports().size(), 2u);
}

TEST_F(GivingOut, NodePorts) {
  const auto a = made("a", R"({"type":"NodePort","ports":[{"name":"t","port":53,"nodePort":30001},{"name":"u","protocol":"UDP","port":53}]})");
  EXPECT_EQ(a.spec.ports[1].nodePort, 30001);  // one number, two protocols
  EXPECT_EQ(refusal("b", R"({"type":"NodePort","ports":[{"port":80,"nodePort":30001}]})"),
            "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated");
  EXPECT_EQ(refusal("b", R"({"type":"NodePort","ports":[{"port":80,"nodePort":31000}]})"),
            "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 31000: provided port is not in the valid range. The range of valid ports is 30000-30039");
  EXPECT_EQ(addresses().size(), 1u);
  const auto none = made("c", R"({"type":"LoadBalancer","allocateLoadBalancerNodePorts":false,"ports":[{"port":80}]})");
  EXPECT_EQ(none.spec.ports[0].nodePort, 0);
  const auto local = made("d", R"({"type":"LoadBalancer","externalTrafficPolicy":"Local","ports":[{"port":80}]})");
  EXPECT_NE(local.spec.healthCheckNodePort, 0);
  EXPECT_EQ(ports(), (std::set<std::int32_t>{30001, local.spec.ports[0].nodePort, local.spec.healthCheckNodePort}));
  ASSERT_TRUE(change("d", [](corev1::Service& next) { next.spec.externalTrafficPolicy = "Cluster"; }).ok());
  EXPECT_EQ(ports(), (std::set<std::int32_t>{30001, local.spec.ports[0].nodePort}));
  for (const char* name : {"a", "d"}) ASSERT_TRUE(remove(corev1::Service::info(), "default", name).ok());
  EXPECT_EQ(ports(), std::set<std::int32_t>{});
}

TEST_F(GivingOut, ManyAtOnceGetDifferentPorts) {
  std::vector<std::future<ApiResult<CachedPtr>>> answers;
  for (int i = 0; i < 40; ++i) {
    auto promise = std::make_shared<std::promise<ApiResult<CachedPtr>>>();
    answers.push_back(promise->get_future());
    registry_->create(context_, resource(corev1::Service::info()), "default", service("s" + std::to_string(i), R"({"type":"NodePort","ports":[{"port":80}]})"),
                      [promise](ApiResult<CachedPtr> result) { promise->set_value(std::move(result)); });
  }
  std::set<std::int32_t> seen;
  for (auto& answer : answers) {
    const auto result = answer.get();
    ASSERT_TRUE(result.ok()) << result.status().message.str();
    EXPECT_TRUE(seen.insert(as_service(*result).spec.ports[0].nodePort).second);
  }
  EXPECT_EQ(ports(), seen);
  EXPECT_EQ(refusal("more", R"({"type":"NodePort","ports":[{"port":80}]})"), "Internal error occurred: failed to allocate a nodePort: range is full");
}

// Both look before either is written.
TEST_F(GivingOut, AnAddressThatTwoAskForAtOnceIsGivenToOne) {
  for (int i = 1; i <= 10; ++i) {
    std::vector<std::future<ApiResult<CachedPtr>>> answers;
    for (const char* name : {"a", "b"}) {
      auto promise = std::make_shared<std::promise<ApiResult<CachedPtr>>>();
      answers.push_back(promise->get_future());
      const std::string number = std::to_string(i);
      registry_->create(context_, resource(corev1::Service::info()), "default", service(name + number, R"({"clusterIP":"10.96.0.)" + number + R"(","ports":[{"port":80}]})"),
                        [promise](ApiResult<CachedPtr> result) { promise->set_value(std::move(result)); });
    }
    EXPECT_NE(answers[0].get().ok(), answers[1].get().ok()) << i;
  }
}

TEST_F(GivingOut, TwoServersOfOneStoreGiveNothingTwice) {
  auto cache = WatchCache::start(*store_, clock_, resources::all(), {});
  ASSERT_TRUE(cache.ok());
  Registry other({store_.get(), &clock_, cache->get(), nullptr});
  auto services = Services::make(other, *store_, options());
  ASSERT_TRUE(services.ok());
  ASSERT_TRUE((*services)->prepare().ok());
  std::set<std::int32_t> ports;
  std::set<std::string> ips;
  for (int i = 0; i < 20; ++i) {
    for (Registry* registry : {registry_.get(), &other}) {
      const std::string name = (registry == &other ? "o" : "s") + std::to_string(i);
      const auto result = await<CachedPtr>([&](auto done) {
        registry->create(context_, resource(corev1::Service::info()), "default", service(name, R"({"type":"NodePort","ports":[{"port":80}]})"), done);
      });
      ASSERT_TRUE(result.ok()) << result.status().message.str();
      EXPECT_TRUE(ports.insert(as_service(*result).spec.ports[0].nodePort).second);
      EXPECT_TRUE(ips.insert(as_service(*result).spec.clusterIP.str()).second);
    }
  }
  services->reset();
}

TEST_F(GivingOut, ADryRunGivesAndKeepsNothing) {
  context_.dry_run = true;
  const auto a = made("a", R"({"type":"NodePort","ports":[{"port":80}]})");
  EXPECT_NE(a.spec.clusterIP, "");
  EXPECT_NE(a.spec.ports[0].nodePort, 0);
  EXPECT_EQ(addresses(), std::set<std::string>{});
  EXPECT_EQ(ports(), std::set<std::int32_t>{});
}

TEST_F(DualStack, FamiliesComeAndGo) {
  const auto a = made("a", R"({"ipFamilyPolicy":"PreferDualStack","ports":[{"port":80}]})");
  EXPECT_EQ(text(a.spec.ipFamilies), "IPv4,IPv6");
  ASSERT_EQ(a.spec.clusterIPs.size(), 2u);
  EXPECT_TRUE(a.spec.clusterIPs[1].view().starts_with("fd00:96::"));
  EXPECT_EQ(addresses().size(), 2u);
  const auto single = change("a", [](corev1::Service& next) { next.spec.ipFamilyPolicy = "SingleStack"; });
  ASSERT_TRUE(single.ok()) << single.status().message.str();
  EXPECT_EQ(text(as_service(*single).spec.clusterIPs), a.spec.clusterIP.str());
  EXPECT_EQ(text(as_service(*single).spec.ipFamilies), "IPv4");
  EXPECT_EQ(addresses(), std::set<std::string>{a.spec.clusterIP.str()});
  const auto dual = change("a", [](corev1::Service& next) { next.spec.ipFamilyPolicy = "RequireDualStack"; });
  ASSERT_TRUE(dual.ok()) << dual.status().message.str();
  EXPECT_EQ(as_service(*dual).spec.clusterIPs.size(), 2u);
  EXPECT_EQ(addresses().size(), 2u);
  const auto less = change("a", [](corev1::Service& next) { next.spec.ipFamilies = {api::Str("IPv4")}; });
  ASSERT_FALSE(less.ok());
  EXPECT_EQ(less.status().message,
            "Service \"a\" is invalid: spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be 'SingleStack' to release the secondary IP family");
  const auto six = made("six", R"({"ipFamilies":["IPv6"],"ports":[{"port":80}]})");
  EXPECT_TRUE(six.spec.clusterIP.view().starts_with("fd00:96::"));
}

TEST_F(GivingOut, TheServerKeepsItsOwnService) {
  services_->serve(6443, clock_);
  const auto own = registry_->get<corev1::Service>("default", "kubernetes");
  ASSERT_TRUE(own);
  EXPECT_EQ(own->spec.clusterIP, "10.96.0.1");
  EXPECT_EQ(own->spec.ports[0].port, 443);
  EXPECT_EQ(own->spec.ports[0].targetPort.number, 6443);
  const auto endpoints = registry_->get<corev1::Endpoints>("default", "kubernetes");
  ASSERT_TRUE(endpoints);
  EXPECT_EQ(endpoints->subsets[0].addresses[0].ip, "192.0.2.1");
  const auto slice = registry_->get<discoveryv1::EndpointSlice>("default", "kubernetes");
  ASSERT_TRUE(slice);
  EXPECT_EQ(text(slice->endpoints[0].addresses), "192.0.2.1");
  EXPECT_EQ(*slice->ports[0].port, 6443);
  const auto range = registry_->get<networkingv1::ServiceCIDR>("", "kubernetes");
  ASSERT_TRUE(range);
  EXPECT_EQ(text(range->spec.cidrs), "10.96.0.0/24");

  KubernetesService other(OwnCalls(*registry_), *store_, {{*api::IpRange::parse("10.96.0.0/24")}, api::Ip::parse("192.0.2.2"), 6443});
  ASSERT_TRUE(other.renew().ok());
  EXPECT_EQ(registry_->get<corev1::Endpoints>("default", "kubernetes")->subsets[0].addresses.size(), 2u);
  ASSERT_TRUE(remove(corev1::Service::info(), "default", "kubernetes").ok());
  EXPECT_FALSE(registry_->get<corev1::Endpoints>("default", "kubernetes"));
  ASSERT_TRUE(other.renew().ok());
  EXPECT_EQ(registry_->get<corev1::Service>("default", "kubernetes")->spec.clusterIP, "10.96.0.1");
  EXPECT_EQ(registry_->get<discoveryv1::EndpointSlice>("default", "kubernetes")->endpoints.size(), 2u);
  other.leave();
  EXPECT_EQ(registry_->get<corev1::Endpoints>("default", "kubernetes")->subsets[0].addresses.size(), 1u);
}

// Everything that an operator can do to addresses with their own hands.
TEST_F(GivingOut, AddressesAreRepaired) {
  const auto a = made("a", R"({"ports":[{"port":80}]})"), b = made("b", R"({"ports":[{"port":80}]})");
  RepairAddresses repair{OwnCalls(*registry_)};
  repair.run();
  EXPECT_EQ(events(), Lines{});
  ASSERT_TRUE(remove(networkingv1::IPAddress::info(), "", a.spec.clusterIP).ok());
  auto leaked = address_object(*api::Ip::parse("10.96.0.5"), "default", "gone"), wrong = address_object(*api::Ip::parse("10.96.0.6"), "default", "b");
  ASSERT_TRUE(create(leaked, "").ok());
  ASSERT_TRUE(create(wrong, "").ok());
  repair.run();
  EXPECT_EQ(events(), (Lines{"ClusterIPNotAllocated Service/a x1", "IPAddressWrongReference IPAddress/10.96.0.6 x1"}));
  EXPECT_EQ(addresses(), (std::set<std::string>{a.spec.clusterIP.str(), b.spec.clusterIP.str(), "10.96.0.5"}));
  clock_.advance(std::chrono::seconds(61));
  repair.run();
  EXPECT_EQ(addresses(), (std::set<std::string>{a.spec.clusterIP.str(), b.spec.clusterIP.str()}));
  EXPECT_EQ(events().back(), "IPAddressWrongReference IPAddress/10.96.0.6 x1");
}

TEST_F(GivingOut, NodePortsAreRepaired) {
  const auto a = made("a", R"({"type":"NodePort","ports":[{"port":80,"nodePort":30001}]})");
  NodePorts ports_now(*NodePorts::Range::parse("30000-30039"));
  ASSERT_TRUE(ports_now.load(*store_).ok());
  const auto write = [&](const std::set<std::int32_t>& taken) {
    const Companions companions = ports_now.replace(taken, ports_now.begin());
    store::Txn txn;
    txn.guards = companions.guards;
    txn.ops = companions.ops;
    const auto response = store_->txn(std::move(txn));
    ASSERT_TRUE(response.ok() && response->succeeded);
    companions.settled(*response, 0);
  };
  write({30002});  // 30001 was lost, 30002 belongs to nobody
  NodePorts mine(*NodePorts::Range::parse("30000-30039"));
  RepairNodePorts repair(OwnCalls(*registry_), *store_, mine);
  ASSERT_TRUE(repair.run().ok());
  EXPECT_EQ(events(), Lines{"PortNotAllocated Service/a x1"});
  EXPECT_EQ(ports(), (std::set<std::int32_t>{30001, 30002}));
  ASSERT_TRUE(repair.run().ok());
  EXPECT_EQ(ports(), (std::set<std::int32_t>{30001, 30002}));
  ASSERT_TRUE(repair.run().ok());
  EXPECT_EQ(ports(), std::set<std::int32_t>{30001});
}

TEST(ServiceOptionsAreChecked, WithWhatToDo) {
  const auto range = [](std::string_view text) { return NodePorts::Range::parse(text).ok(); };
  EXPECT_TRUE(range("30000-32767"));
  for (const char* bad : {"", "30000", "3-2", "0-10", "1-70000", "a-b", "1-2-3"}) EXPECT_FALSE(range(bad)) << bad;
}

TEST(Pools, AreDividedAsUpstreamDivides) {
  const auto reserved = [](const char* range) { return static_cast<int>(address_pool(*api::IpRange::parse(range)).reserved); };
  EXPECT_EQ(reserved("10.96.0.0/16"), 256);
  EXPECT_EQ(reserved("10.96.0.0/24"), 16);
  EXPECT_EQ(reserved("10.96.0.0/22"), 64);
  EXPECT_EQ(reserved("10.96.0.0/28"), 0);
  EXPECT_EQ(reserved("fd00::/64"), 256);
  EXPECT_EQ(static_cast<int>(port_pool(30000, 32767).reserved), 86);
  EXPECT_EQ(static_cast<int>(port_pool(30000, 30015).reserved), 0);
}

}  // namespace
}  // namespace plumb::apiserver::test
