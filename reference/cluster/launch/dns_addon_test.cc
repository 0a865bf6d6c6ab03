#include "reference/cluster/launch/dns_addon.h"

#include <gtest/gtest.h>

#include "reference/api/codec/json.h"
#include "reference/api/types/appsv1.h"
#include "reference/api/types/corev1.h"
#include "reference/informer/fake_client.h"

namespace plumb::cluster {
namespace {

using namespace std::chrono_literals;

class DnsAddon : public testing::Test {
 protected:
  Status apply() { return apply_dns(client_, real_clock().now() + 1s); }
  std::shared_ptr<const appsv1::Deployment> deployment() {
    auto found = client_.get<appsv1::Deployment>("kube-system", "kube-dns");
    return found.ok() ? *found : nullptr;
  }
  informer::FakeClient client_{real_clock()};
};

TEST(DnsObjects, SayNothingThatTheApiDoesNotKnow) {
  for (const DnsObject& one : dns_objects()) {
    api::DecodeReport report;
    EXPECT_TRUE(api::decode_json(*one.type, one.json, &report).ok()) << one.json;
    EXPECT_EQ(report.total, 0u) << one.json;
  }
}

TEST_F(DnsAddon, IsMadeOnceAndChangedBack) {
  ASSERT_TRUE(apply().ok());
  const auto service = client_.get<corev1::Service>("kube-system", "kube-dns");
  ASSERT_TRUE(service.ok());
  EXPECT_EQ((*service)->spec.clusterIP, kDnsServiceIp);
  ASSERT_TRUE(client_.patch<appsv1::Deployment>("kube-system", "kube-dns", informer::PatchType::merge, R"({"spec":{"replicas":3}})").ok());
  ASSERT_TRUE(apply().ok());
  EXPECT_EQ(deployment()->spec.replicas, 1);
  ASSERT_TRUE(remove_dns(client_).ok());
  EXPECT_EQ(deployment(), nullptr);
  EXPECT_TRUE(remove_dns(client_).ok());
}

TEST_F(DnsAddon, LeavesAloneWhatOthersHaveMade) {
  auto other = std::make_shared<appsv1::Deployment>();
  other->metadata.namespace_ = "kube-system";
  other->metadata.name = "kube-dns";
  other->spec.replicas = 7;
  client_.add(other);
  ASSERT_TRUE(apply().ok());
  EXPECT_EQ(deployment()->spec.replicas, 7);
  ASSERT_TRUE(remove_dns(client_).ok());
  ASSERT_TRUE(deployment());
}

}  // namespace
}  // namespace plumb::cluster
