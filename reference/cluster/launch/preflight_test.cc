#include "reference/cluster/launch/preflight.h"

#include <gtest/gtest.h>

namespace plumb::cluster {
namespace {

TEST(Preflight, NamesAreLabels) {
  for (const char* good : {"plumb", "a", "two-words", "4", "a1-2"}) EXPECT_TRUE(check_name(good).ok()) << good;
  for (const char* bad : {"", "../evil", "Big", "-a", "a-", "a.b", "a/b", "a b", "ü"}) EXPECT_EQ(check_name(bad).error().code, Code::invalid_argument) << bad;
  EXPECT_TRUE(check_name(std::string(40, 'a')).ok());
  EXPECT_FALSE(check_name(std::string(41, 'a')).ok());
}

TEST(Preflight, RefusesWhatMakesNoSense) {
  const auto refused = [](auto change) {
    ClusterConfig config;
    change(config);
    const Status done = check_config(config);
    return done.ok() ? "" : done.error().message;
  };
  EXPECT_EQ(refused([](ClusterConfig&) {}), "");
  EXPECT_EQ(refused([](ClusterConfig& c) { c.nodes = -1; }), "--nodes must be between 0 and 200");
  EXPECT_EQ(refused([](ClusterConfig& c) { c.nodes = 201; }), "--nodes must be between 0 and 200");
  EXPECT_EQ(refused([](ClusterConfig& c) { c.hollow_nodes = -1; }), "--hollow-nodes must be between 0 and 100000");
  EXPECT_EQ(refused([](ClusterConfig& c) { c.etcd_servers = {"http://a:1"}; }), "--etcd-servers goes with --store etcd");
  EXPECT_EQ(refused([](ClusterConfig& c) { c.store = "etcd", c.etcd_servers = {"a:1"}; }), "--etcd-servers takes http://host:port or https://host:port, not \"a:1\"");
}

TEST(Preflight, AClusterKeepsItsNameItsDataAndItsNodes) {
  const ClusterConfig existing{.name = "one", .nodes = 2, .hollow_nodes = 10};
  const auto refused = [&](bool runs, auto change) {
    ClusterConfig wanted = existing;
    change(wanted);
    return !check_change(existing, wanted, runs).ok();
  };
  EXPECT_FALSE(refused(true, [](ClusterConfig&) {}));
  EXPECT_FALSE(refused(true, [](ClusterConfig& c) { c.nodes = 3, c.hollow_nodes = 20; }));
  EXPECT_TRUE(refused(false, [](ClusterConfig& c) { c.name = "two"; }));
  EXPECT_TRUE(refused(false, [](ClusterConfig& c) { c.store = "etcd"; }));
  EXPECT_TRUE(refused(false, [](ClusterConfig& c) { c.etcd_servers = {"http://a:1"}; }));
  EXPECT_TRUE(refused(false, [](ClusterConfig& c) { c.nodes = 1; }));
  EXPECT_TRUE(refused(false, [](ClusterConfig& c) { c.hollow_nodes = 9; }));
  EXPECT_TRUE(refused(true, [](ClusterConfig& c) { c.separate = true; }));
  EXPECT_FALSE(refused(false, [](ClusterConfig& c) { c.separate = true; }));
}

TEST(Preflight, AnEtcdOfOthersNeedsNothingHere) {
  EXPECT_TRUE(check_machine({.nodes = 0, .store = "etcd", .etcd_servers = {"http://a:1"}}, {}).ok());
  EXPECT_TRUE(check_machine({.nodes = 0, .hollow_nodes = 5}, {}).ok());
}

}  // namespace
}  // namespace plumb::cluster
