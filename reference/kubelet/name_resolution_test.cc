#include "reference/kubelet/name_resolution.h"

#include <gtest/gtest.h>

#include "harness/base/encoding.h"
#include "reference/api/codec/json.h"

namespace plumb::kubelet {
namespace {

const NodeResolution in_cluster{"# made by somebody\nnameserver 192.0.2.1\nsearch old.test\nsearch corp.test. lab.test\noptions timeout:1\noptions edns0\n", {"10.96.0.10"}, "cluster.local"};

std::string resolved(const std::string& spec, const NodeResolution& node = in_cluster) {
  const auto pod = api::decode_json_as<corev1::Pod>(R"({"metadata":{"namespace":"ns"},"spec":)" + spec + "}");
  EXPECT_TRUE(pod.ok());
  const NameResolution made = name_resolution_of(*pod, node);
  return join(made.servers, ",") + " | " + join(made.searches, ",") + " | " + join(made.options, ",") + (made.omitted.empty() ? "" : " !");
}

TEST(NameResolution, FollowsThePolicyOfThePod) {
  const std::string cluster = "10.96.0.10 | ns.svc.cluster.local,svc.cluster.local,cluster.local,corp.test,lab.test | ndots:5";
  const std::string host = "192.0.2.1 | corp.test,lab.test | edns0";
  EXPECT_EQ(resolved("{}"), cluster);
  EXPECT_EQ(resolved(R"({"dnsPolicy":"ClusterFirst"})"), cluster);
  EXPECT_EQ(resolved(R"({"dnsPolicy":"ClusterFirst","hostNetwork":true})"), host);
  EXPECT_EQ(resolved(R"({"dnsPolicy":"ClusterFirstWithHostNet","hostNetwork":true})"), cluster);
  EXPECT_EQ(resolved(R"({"dnsPolicy":"Default"})"), host);
  EXPECT_EQ(resolved(R"({"dnsPolicy":"None"})"), " |  | ");
}

TEST(NameResolution, WithoutAServerOfTheClusterIsTheNodes) {
  EXPECT_EQ(resolved("{}", {in_cluster.resolv_conf, {}, "cluster.local"}), "192.0.2.1 | corp.test,lab.test | edns0");
}

TEST(NameResolution, AddsWhatThePodAsksForOnce) {
  EXPECT_EQ(resolved(R"({"dnsPolicy":"None","dnsConfig":{"nameservers":["1.1.1.1"],"searches":["a.test"],"options":[{"name":"ndots","value":"2"},{"name":"edns0"}]}})"),
            "1.1.1.1 | a.test | ndots:2,edns0");
  EXPECT_EQ(resolved(R"({"dnsConfig":{"nameservers":["10.96.0.10","1.1.1.1"],"searches":["lab.test"],"options":[{"name":"ndots","value":"2"}]}})"),
            "10.96.0.10,1.1.1.1 | ns.svc.cluster.local,svc.cluster.local,cluster.local,corp.test,lab.test | ndots:2");
}

TEST(NameResolution, KeepsWithinTheLimits) {
  NodeResolution node = in_cluster;
  node.resolv_conf = "nameserver 1\nnameserver 2\nnameserver 3\nnameserver 4\n";
  EXPECT_EQ(resolved(R"({"dnsPolicy":"Default"})", node), "1,2,3 |  |  !");
  node.resolv_conf = "search";
  for (int i = 0; i < 40; ++i) node.resolv_conf += " s" + std::to_string(i) + ".test";
  const auto pod = api::decode_json_as<corev1::Pod>(R"({"metadata":{"namespace":"ns"},"spec":{}})");
  EXPECT_EQ(name_resolution_of(*pod, node).searches.size(), 32u);
  node.resolv_conf = "search " + std::string(254, 'a') + " b.test";
  EXPECT_EQ(name_resolution_of(*pod, node).searches.back(), "b.test");
  node.resolv_conf = "search";
  for (int i = 0; i < 20; ++i) node.resolv_conf += " " + std::string(150, 'a') + std::to_string(i);
  EXPECT_LE(join(name_resolution_of(*pod, node).searches, " ").size(), 2048u);
}

}  // namespace
}  // namespace plumb::kubelet
