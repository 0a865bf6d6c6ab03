#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, pod_lifecycle,
                  {.requirement = "Pods MUST be found by their labels as they are made, changed, and deleted one by one or together; a watch MUST tell of each step; their status MUST be "
                                  "patched and replaced apart from the rest, and tell the address of their node.",
                   .covers = {"Pods, lifecycle", "Pods, update", "Pods, assigned hostip", "Pods, delete a collection", "Pods, patching status",
                              "Pods, completes the lifecycle of a Pod and the PodStatus"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  const auto with = [&](const std::string& selector) {
    std::vector<std::string> names;
    const Json list = c.must(c.client().list(c.pods(), {{"labelSelector", selector}}));
    for (const Json& pod : list["items"]) names.push_back(name_of(pod));
    return names;
  };
  const auto watch = c.must(c.client().watch(c.pods(), {{"labelSelector", "set=one"}}));
  c.apply("one");
  EXPECT_EQ(with("set=one"), std::vector<std::string>{"one"});
  const Json running = c.await_ready("one");
  const std::string address = text_at(running, "/status/hostIP");
  const Json node = c.must(c.client().get({"v1", "nodes", ""}, text_at(running, "/spec/nodeName")));
  bool is_its = false;
  for (const Json& each : at(node, "/status/addresses", Json::array())) is_its |= text_at(each, "/address") == address;
  EXPECT_TRUE(is_its) << "hostIP " << address << " is none of " << at(node, "/status/addresses").dump();

  // An update with the whole object, as clients do that were overtaken by the kubelet: again, on the newest.
  c.eventually("the update to be accepted", [&] {
    Json next = c.must(c.client().get(c.pods(), "one"));
    next["metadata"]["labels"]["time"] = "later";
    return c.client().update(c.pods(), next).ok();
  });
  EXPECT_EQ(with("time=later"), std::vector<std::string>{"one"});

  const Json condition = {{"type", "example.com/seen"}, {"status", "True"}};
  const Json patched = c.must(c.client().patch(c.pods(), "one", PatchKind::strategic, {{"status", {{"conditions", Json::array({condition})}}}}, "status"));
  EXPECT_TRUE(has_condition(patched, "example.com/seen")) << patched["status"].dump();
  c.eventually("the status to be replaced", [&] {
    Json next = c.must(c.client().get(c.pods(), "one"));
    for (Json& each : next["status"]["conditions"])
      if (text_at(each, "/type") == "example.com/seen") each["message"] = "by replacement";
    next["spec"]["activeDeadlineSeconds"] = 1;
    return c.client().update(c.pods(), next, "status").ok();
  });
  const Json after = c.must(c.client().get(c.pods(), "one"));
  EXPECT_TRUE(has_condition(after, "example.com/seen"));
  EXPECT_TRUE(at(after, "/spec/activeDeadlineSeconds").is_null()) << "the status alone";

  c.must(c.client().remove(c.pods(), "one"));
  std::vector<std::string> seen;
  for (bool marked = false;;) {
    const auto event = c.next_event(*watch);
    if (event.type == "MODIFIED") marked |= !text_at(event.object, "/metadata/deletionTimestamp").empty();
    if (seen.empty() || seen.back() != event.type) seen.push_back(event.type);
    if (event.type != "DELETED") continue;
    EXPECT_TRUE(marked) << "it is marked before it goes";
    break;
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"ADDED", "MODIFIED", "DELETED"}));
  EXPECT_TRUE(with("set=one").empty());

  for (const char* name : {"a", "b", "c"}) {
    Json pod = c.object("several");
    pod["metadata"]["name"] = name;
    c.create(pod);
  }
  EXPECT_EQ(with("set=several").size(), 3u);
  c.must(c.client().remove_collection(c.pods(), {{"labelSelector", "set=several"}}));
  c.await_all(c.pods(), {{"labelSelector", "set=several"}}, "no pods", [](const Cluster::Objects& pods) { return pods.empty(); }, timeouts::pod_gone);
}
