#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, statefulset_ordered_scaling,
                  {.requirement = "A StatefulSet MUST make its pods in ascending and delete them in descending order of their ordinals, and MUST do neither while its pods are "
                                  "not ready.",
                   .covers = {"StatefulSet, Scaling"},
                   .needs = {"image", "resource:apps/v1/statefulsets"}}) {
  using namespace plumb::harness;
  const Resource sets = c.in("apps/v1", "statefulsets");
  const Query ours{{"labelSelector", "app=ordered"}};
  const auto scale = [&](int replicas) { c.must(c.client().patch(sets, "ordered", PatchKind::merge, {{"spec", {{"replicas", replicas}}}}, "scale")); };
  const auto set_ready = [&](const std::string& pod, const char* value) {
    c.output(pod, {"get", std::string("http://127.0.0.1:8080/readyz?set=") + value});
    c.await(c.pods(), pod, std::string("Ready=") + value, [&](const Json* object) {
      return object != nullptr && has_condition(*object, "Ready", std::string(value) == "true" ? "True" : "False");
    });
  };
  const auto await_count = [&](std::int64_t count) {
    c.await(sets, "ordered", std::to_string(count) + " ready pods", [&](const Json* set) {
      return set != nullptr && int_at(*set, "/status/observedGeneration") == int_at(*set, "/metadata/generation") && int_at(*set, "/status/replicas") == count &&
             int_at(*set, "/status/readyReplicas") == count;
    }, timeouts::rollout);
  };
  const auto stays_at = [&](std::size_t count) {
    c.consistently("the number of pods stays while they are not ready", [&] {
      const Json listed = c.must(c.client().list(c.pods(), ours));
      return listed["items"].size() == count && std::none_of(listed["items"].begin(), listed["items"].end(), [](const Json& pod) {
        return pod["metadata"].contains("deletionTimestamp");
      });
    });
  };
  auto watch = c.must(c.client().watch(c.pods(), ours));
  c.apply("ordered");
  await_count(1);
  set_ready("ordered-0", "false");
  scale(3);
  stays_at(1);
  set_ready("ordered-0", "true");
  await_count(3);
  for (const char* pod : {"ordered-0", "ordered-1", "ordered-2"}) set_ready(pod, "false");
  scale(0);
  stays_at(3);
  // Each goes once it is ready again, the lowest without: nothing is left that it could be waited for.
  for (const char* pod : {"ordered-2", "ordered-1"}) c.output(pod, {"get", "http://127.0.0.1:8080/readyz?set=true"});
  await_count(0);
  std::vector<std::string> order;
  std::map<std::string, Json> last;
  while (order.size() < 6) {
    const auto event = c.next_event(*watch);
    const std::string pod = name_of(event.object);
    if (event.type == "ADDED") {
      for (const auto& [name, object] : last) EXPECT_TRUE(has_condition(object, "Ready")) << name << " was not ready when " << pod << " was made";
      order.push_back("+" + pod);
    }
    if (event.type == "DELETED") {
      order.push_back("-" + pod);
      last.erase(pod);
      continue;
    }
    last[pod] = event.object;
  }
  EXPECT_EQ(order, (std::vector<std::string>{"+ordered-0", "+ordered-1", "+ordered-2", "-ordered-2", "-ordered-1", "-ordered-0"}));
}
