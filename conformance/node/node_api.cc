#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, node_api,
                  {.requirement = "A Node MUST be created, read, patched, found by its label, updated and deleted.", .covers = {"Node, resource lifecycle"}, .serial = true}) {
  using namespace plumb::harness;
  const Resource nodes{"v1", "nodes"};
  const std::string name = c.unique("node"), label = c.unique("of");
  c.create({{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", name}}}, {"spec", {{"unschedulable", true}}}});
  EXPECT_EQ(name_of(c.must(c.client().get(nodes, name))), name);
  const Json patched = c.must(c.client().patch(nodes, name, PatchKind::strategic, {{"metadata", {{"labels", {{label, "patched"}}}}}}));
  EXPECT_EQ(text_at(patched, "/metadata/labels/" + label), "patched");
  const Json found = c.must(c.client().list(nodes, {{"labelSelector", label + "=patched"}}));
  ASSERT_EQ(found["items"].size(), 1u);
  EXPECT_EQ(name_of(found["items"][0]), name);
  c.eventually("the update to be accepted", [&] {
    Json next = c.must(c.client().get(nodes, name));
    next["metadata"]["labels"][label] = "updated";
    return c.client().update(nodes, next).ok();
  });
  EXPECT_EQ(text_at(c.must(c.client().get(nodes, name)), "/metadata/labels/" + label), "updated");
  c.must(c.client().remove(nodes, name));
  c.await_gone(nodes, name);
}
