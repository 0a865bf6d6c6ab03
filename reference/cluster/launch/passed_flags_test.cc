#include "reference/cluster/launch/passed_flags.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reference/cluster/launch/preflight.h"
#include "reference/controllers/framework/manager.h"

namespace plumb::cluster {
namespace {

const PassedFlag& flag(const std::string& name) {
  return *std::find_if(passed_flags().begin(), passed_flags().end(), [&](const PassedFlag& each) { return each.name == name; });
}

TEST(PassedFlags, GoToTheirRoles) {
  const FlagValues values{{"metric-resolution", "10s"}, {"horizontal-pod-autoscaler-event-driven", "true"}};
  const std::vector<std::string> event_driven{"--horizontal-pod-autoscaler-event-driven", "true"}, resolution{"--metric-resolution", "10s"};
  EXPECT_EQ(flag_args(values, "controller-manager"), event_driven);
  EXPECT_EQ(flag_args(values, "metrics-server"), resolution);
  EXPECT_TRUE(flag_args(values, "scheduler").empty());
  std::vector<std::string> both = event_driven;
  both.insert(both.end(), resolution.begin(), resolution.end());
  EXPECT_EQ(flag_args(values, "all"), both);
  EXPECT_TRUE(flag_args({}, "all").empty());
}

TEST(PassedFlags, RefuseWhatTheirProcessWouldRefuse) {
  const auto refused = [](const char* name, const char* text) {
    const Status checked = check_flag(flag(name), text);
    return checked.ok() ? "" : checked.error().message;
  };
  EXPECT_EQ(refused("metric-resolution", "10s"), "");
  EXPECT_EQ(refused("metric-resolution", "9s"), "9s is too short: at least 10s");
  EXPECT_EQ(refused("horizontal-pod-autoscaler-sync-period", "500ms"), "");
  EXPECT_NE(refused("horizontal-pod-autoscaler-sync-period", "0s"), "");
  EXPECT_NE(refused("horizontal-pod-autoscaler-sync-period", "soon"), "");
  EXPECT_EQ(refused("horizontal-pod-autoscaler-event-driven", "false"), "");
  EXPECT_EQ(refused("horizontal-pod-autoscaler-event-driven", "yes"), "\"yes\" is neither true nor false");
}

TEST(PassedFlags, AreThoseOfTheControllersWithTheirDefaults) {
  for (const PassedFlag& each : passed_flags()) {
    if (std::string(each.role) != "controller-manager") continue;
    const auto specs = controllers::option_specs();
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const auto& one) { return one.name == each.name; });
    ASSERT_NE(spec, specs.end()) << each.name;
    EXPECT_EQ(spec->otherwise, each.otherwise) << each.name;
  }
}

TEST(PassedFlags, OfNodesReachNoProcessOfTheControlPlane) {
  const FlagValues values = {{"network-policy", "false"}};
  EXPECT_EQ(flag_args(values, "proxy"), (std::vector<std::string>{"--network-policy", "false"}));
  EXPECT_TRUE(flag_args(values, "all").empty());
  EXPECT_TRUE(flag_args(values, "controller-manager").empty());
}

TEST(PassedFlags, OfARunningControlPlaneStayAsTheyAre) {
  const ClusterConfig existing{.name = "one", .flags = {{"metric-resolution", "10s"}}};
  ClusterConfig wanted = existing;
  EXPECT_TRUE(check_change(existing, wanted, true).ok());
  wanted.flags["horizontal-pod-autoscaler-event-driven"] = "true";
  const Status changed = check_change(existing, wanted, true);
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().message, "cluster one runs without --horizontal-pod-autoscaler-event-driven true; stop it with `plumb down --keep-data`, then bring it up with that");
  EXPECT_TRUE(check_change(existing, wanted, false).ok());
}

}  // namespace
}  // namespace plumb::cluster
