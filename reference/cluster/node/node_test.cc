#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "reference/cluster/node/cgroups.h"
#include "reference/cluster/node/host_network.h"
#include "reference/cluster/node/machine.h"
#include "reference/cluster/node/spec_file.h"

namespace plumb::cluster {
namespace {

TEST(Names, FollowFromNameAndFolderAndFitTheKernel) {
  const ClusterId one{"a", "/var/tmp/x"}, other{"a", "/var/tmp/y"}, same{"a", "/var/tmp/../tmp/x"};
  EXPECT_EQ(cluster_tag(one), cluster_tag(same));
  EXPECT_NE(cluster_tag(one), cluster_tag(other));
  EXPECT_NE(cluster_tag(one), cluster_tag({"b", "/var/tmp/x"}));
  EXPECT_LE(node_link_name(one, 99999).size(), 15u);
  EXPECT_TRUE(bridge_name(one).starts_with(link_prefix(one)));
}

TEST(Network, OverlapOfRanges) {
  EXPECT_TRUE(cidrs_overlap("10.0.0.0/8", "10.5.0.0/16"));
  EXPECT_TRUE(cidrs_overlap("10.5.1.1", "10.5.0.0/16"));
  EXPECT_TRUE(cidrs_overlap("0.0.0.0/0", "10.5.0.0/16"));
  EXPECT_FALSE(cidrs_overlap("10.4.0.0/16", "10.5.0.0/16"));
  EXPECT_FALSE(cidrs_overlap("default", "10.5.0.0/16"));
}

TEST(Network, ATakenBlockIsPassedOver) {
  const auto first = choose_network("00000005", {});
  ASSERT_TRUE(first.ok());
  const auto second = choose_network("00000005", {first->pod_cidr(3)});
  ASSERT_TRUE(second.ok());
  EXPECT_NE(first->block, second->block);
  EXPECT_EQ(choose_network("00000005", {"10.0.0.0/8"}).error().code, Code::resource_exhausted);
}

TEST(Network, EveryNodeFitsItsBlock) {
  const NetworkPlan plan{20};
  EXPECT_TRUE(cidrs_overlap(plan.cluster_cidr(), plan.node_ip(kMaxNodes - 1)));
  EXPECT_FALSE(cidrs_overlap(plan.pod_cidr(kMaxNodes - 1), plan.node_ip(0)));
  EXPECT_EQ(plan.node_ip(kMaxNodes - 1), "10.20.255.209");
}

TEST(Cgroups, HierarchiesOfAHybridHost) {
  const auto mounts = parse_cgroup_mounts(
      "30 25 0:26 / /sys/fs/cgroup/cpu rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "31 25 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/x,name=systemd\n"
      "32 25 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
      "33 25 0:29 / /tmp rw - tmpfs tmpfs rw\n");
  ASSERT_EQ(mounts.size(), 3u);
  EXPECT_EQ(mounts[0].options, "cpu,cpuacct");
  EXPECT_EQ(mounts[1].options, "none,name=systemd");
  EXPECT_TRUE(mounts[2].v2);
  EXPECT_EQ(mounts[2].path, "/sys/fs/cgroup/unified");
}

TEST(NodeSpec, SurvivesTheWayToTheNode) {
  const ClusterId id{"c", "/tmp/c"};
  NodeSpec spec = node_spec(id, NetworkPlan{30}, 1, 3);
  spec.services = {{"kubelet", {"plumbd", "kubelet"}, {{"A", "b"}}}};
  EXPECT_EQ(spec.routes.size(), 2u);
  const std::string path = std::filesystem::temp_directory_path() / ("plumb_spec_test." + std::to_string(getpid()));
  ASSERT_TRUE(write_spec(spec, path).ok());
  const auto read = read_spec(path);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->name, "c-node-1");
  EXPECT_EQ(read->services[0].env.at("A"), "b");
  std::filesystem::resize_file(path, 10);
  EXPECT_FALSE(read_spec(path).ok());
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace plumb::cluster
