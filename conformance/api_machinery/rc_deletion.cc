#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

namespace {

using namespace plumb::harness;

bool is_going(const Json& object) { return !text_at(object, "/metadata/deletionTimestamp").empty(); }

}  // namespace

PLUMB_CONFORMANCE(api_machinery, rc_deletion,
                  {.requirement = "The deletion of a ReplicationController MUST take its pods along in the background, MUST wait for them in the foreground, MUST leave them "
                                  "without an owner when it orphans, and MUST NOT touch pods that another owner has, too.",
                   .covers = {"Garbage Collector, delete replication controller, propagation policy background",
                              "Garbage Collector, delete replication controller, after owned pods",
                              "Garbage Collector, delete replication controller, propagation policy orphan", "Garbage Collector, multiple owners"},
                   .needs = {"controllers"}}) {
  const Resource controllers = c.in("v1", "replicationcontrollers");
  const auto of = [](const std::string& name) { return Query{{"labelSelector", "app=" + name}}; };
  const auto make = [&](const std::string& name, int replicas) {
    const Json made = c.apply(name, {{"name", name}, {"replicas", std::to_string(replicas)}});
    c.await(controllers, name, "its pods to be made", [&](const Json* seen) { return seen != nullptr && int_at(*seen, "/status/replicas") == replicas; });
    return made;
  };
  const auto remove = [&](const std::string& name, const char* policy) { c.must(c.client().remove(controllers, name, {{"propagationPolicy", policy}})); };
  const auto pods_of = [&](const std::string& name) { return c.must(c.client().list(c.pods(), of(name)))["items"]; };
  const auto hold = [&](const Json& pods, bool held) {
    for (const Json& pod : pods)
      c.must(c.client().patch(c.pods(), name_of(pod), PatchKind::merge, {{"metadata", {{"finalizers", held ? Json{"plumb.io/hold"} : Json()}}}}));
  };

  make("background", 2);
  remove("background", "Background");
  c.await_gone(controllers, "background");
  c.await_all(c.pods(), of("background"), "its pods to go", [](const Cluster::Objects& found) { return found.empty(); }, timeouts::pod_gone);

  make("foreground", 10);
  const Json held = pods_of("foreground");
  ASSERT_EQ(held.size(), 10u);
  hold(held, true);
  remove("foreground", "Foreground");
  c.await_all(c.pods(), of("foreground"), "its pods to be deleted", [](const Cluster::Objects& found) {
    return found.size() == 10 && std::all_of(found.begin(), found.end(), [](const auto& pod) { return is_going(pod.second); });
  }, timeouts::pod_gone);
  EXPECT_TRUE(is_going(c.must(c.client().get(controllers, "foreground")))) << "it stays as long as its pods";
  hold(held, false);
  c.await_gone(controllers, "foreground", timeouts::pod_gone);
  EXPECT_TRUE(pods_of("foreground").empty()) << "the pods were gone before it";

  make("orphaning", 10);
  remove("orphaning", "Orphan");
  c.await_gone(controllers, "orphaning", timeouts::pod_gone);
  const Json orphans = pods_of("orphaning");
  EXPECT_EQ(orphans.size(), 10u);
  for (const Json& pod : orphans) EXPECT_TRUE(at(pod, "/metadata/ownerReferences", Json::array()).empty() && !is_going(pod)) << name_of(pod);

  make("first", 10);
  const Json second = make("second", 1);
  const Json reference{{"apiVersion", "v1"}, {"kind", "ReplicationController"}, {"name", "second"}, {"uid", text_at(second, "/metadata/uid")}};
  const Json all = pods_of("first");
  ASSERT_EQ(all.size(), 10u);
  for (std::size_t i = 0; i < 5; ++i) {
    Json owners = at(all[i], "/metadata/ownerReferences", Json::array());
    owners.push_back(reference);
    c.must(c.client().patch(c.pods(), name_of(all[i]), PatchKind::merge, {{"metadata", {{"ownerReferences", owners}}}}));
  }
  remove("first", "Foreground");
  c.await_gone(controllers, "first", timeouts::pod_gone);
  const Json left = pods_of("first");
  EXPECT_EQ(left.size(), 5u) << "those that have another owner";
  for (const Json& pod : left) {
    EXPECT_FALSE(is_going(pod)) << name_of(pod);
    EXPECT_EQ(text_at(pod, "/metadata/ownerReferences/0/name"), "second") << name_of(pod);
  }
}
