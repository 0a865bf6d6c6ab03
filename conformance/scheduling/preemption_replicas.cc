#include <gtest/gtest.h>

#include <set>

#include "conformance/scheduling/node_resource.h"

PLUMB_CONFORMANCE(scheduling, preemption_replicas,
                  {.requirement = "Of pods of several priorities a more important pod MUST preempt just those it needs, the least important; their ReplicaSets MUST replace each once, "
                                  "and the replacements MUST NOT take the room.",
                   .covers = {"Pod preemption verification"},
                   .needs = {"image", "resource:apps/v1/replicasets"}}) {
  using namespace plumb::harness;
  const NodeResource room(c, "20");
  const auto values = [&](int priority, const std::string& amount) {
    const std::string number = std::to_string(priority);
    return std::map<std::string, std::string>{{"RESOURCE", room.resource}, {"AMOUNT", amount}, {"NUMBER", number}, {"PRIORITY", priority_class(c, "p" + number, priority)}};
  };
  const Resource sets = c.in("apps/v1", "replicasets");
  const std::map<int, std::string> amounts{{1, "4"}, {2, "6"}, {3, "9"}};
  for (const auto& [priority, amount] : amounts) {
    const std::string set = "rs-" + std::to_string(priority);
    c.apply(set, values(priority, amount));
    c.await(sets, set, "its pod to be available", [](const Json* object) { return object != nullptr && int_at(*object, "/status/availableReplicas") == 1; },
            timeouts::pod_runs);
  }
  // Names are never given twice, so they count the pods that ever were.
  std::map<std::string, std::set<std::string>> seen;
  const auto look = [&](const Cluster::Objects& pods) {
    for (const auto& [name, pod] : pods) seen[text_at(pod, "/metadata/labels/set")].insert(name);
  };
  c.apply("preemptor", values(4, "10"));
  c.await_all(c.pods(), {}, "the preemptor to be bound and the preempted to be replaced", [&](const Cluster::Objects& pods) {
    look(pods);
    const auto preemptor = pods.find("preemptor");
    return preemptor != pods.end() && !text_at(preemptor->second, "/spec/nodeName").empty() && seen["1"].size() == 2 && seen["2"].size() == 2;
  }, timeouts::pod_gone);
  EXPECT_EQ(text_at(c.await_ready("preemptor"), "/spec/nodeName"), room.node);
  const auto still = [&] {
    for (const Json& pod : c.must(c.client().list(c.pods()))["items"]) seen[text_at(pod, "/metadata/labels/set")].insert(name_of(pod));
    return seen["1"].size() == 2 && seen["2"].size() == 2 && seen["3"].size() == 1;
  };
  c.consistently("no further pod is preempted", still);
  EXPECT_EQ(int_at(c.must(c.client().get(sets, "rs-3")), "/status/availableReplicas"), 1);
  for (const char* set : {"rs-1", "rs-2", "rs-3"}) EXPECT_EQ(int_at(c.must(c.client().get(sets, set)), "/status/replicas"), 1) << set;
}
