#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

PLUMB_CONFORMANCE(apps, daemonset_everywhere,
                  {.requirement = "A DaemonSet MUST run one pod on every node that takes ordinary pods, and MUST replace one that is deleted on the same node.",
                   .covers = {"DaemonSet-Creation"},
                   .needs = {"image", "resource:apps/v1/daemonsets"},
                   .serial = true}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "daemonsets");
  const std::vector<std::string> usable = c.must(usable_nodes(c.client()));
  const auto await_everywhere = [&](const std::string& except_uid) {
    std::map<std::string, Json> by_node;
    c.await_all(c.pods(), {{"labelSelector", "app=everywhere"}}, "one ready pod on each node", [&](const Cluster::Objects& pods) {
      by_node.clear();
      for (const auto& [name, pod] : pods) {
        const std::string node = text_at(pod, "/spec/nodeName");
        if (!has_condition(pod, "Ready") || text_at(pod, "/metadata/uid") == except_uid || by_node.contains(node)) return false;
        by_node[node] = pod;
      }
      return std::all_of(usable.begin(), usable.end(), [&](const std::string& node) { return by_node.contains(node); });
    }, timeouts::rollout);
    return by_node;
  };
  c.apply("everywhere");
  const auto first = await_everywhere("");
  const std::string node = usable.front();
  c.await(sets, "everywhere", "the status to count every node", [&](const Json* set) {
    const auto count = static_cast<std::int64_t>(first.size());
    return set != nullptr && int_at(*set, "/status/desiredNumberScheduled") == count && int_at(*set, "/status/currentNumberScheduled") == count &&
           int_at(*set, "/status/numberReady") == count && int_at(*set, "/status/numberAvailable") == count && int_at(*set, "/status/numberMisscheduled") == 0;
  });
  c.must(c.client().remove(c.pods(), name_of(first.at(node))));
  const auto second = await_everywhere(text_at(first.at(node), "/metadata/uid"));
  EXPECT_EQ(second.size(), first.size());
  for (const auto& [other, pod] : first) {
    if (other == node) continue;
    ASSERT_TRUE(second.contains(other));
    EXPECT_EQ(text_at(second.at(other), "/metadata/uid"), text_at(pod, "/metadata/uid")) << "the others stay";
  }
}
