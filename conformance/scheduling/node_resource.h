// Room on one node that no other test takes, and priority classes, for tests of who goes first.
#pragma once

#include <string>

#include "harness/runner/conformance_test.h"
#include "harness/runner/needs.h"

namespace plumb::harness {

// A node with `amount` (as the server writes it) of an extended resource of the test's own; it is gone when the test is over.
struct NodeResource {
  std::string node, resource;

  NodeResource(Cluster& c, const std::string& amount) : node(c.must(usable_nodes(c.client())).front()), resource("plumb.io/" + c.unique("slots")) {
    std::string escaped = resource;
    escaped.replace(escaped.find('/'), 1, "~1");
    const Resource nodes{"v1", "nodes"};
    c.undo(nodes, node, PatchKind::json, Json::array({{{"op", "remove"}, {"path", "/status/capacity/" + escaped}}}), "status");
    c.must(c.client().patch(nodes, node, PatchKind::json, Json::array({{{"op", "add"}, {"path", "/status/capacity/" + escaped}, {"value", amount}}}), "status"));
    c.await(nodes, node, "the node to offer the resource", [&](const Json* object) {
      return object != nullptr && text_at(*object, "/status/allocatable/" + escaped) == amount;
    });
  }
};

// The name of a new class of that priority.
inline std::string priority_class(Cluster& c, const std::string& name, int value) {
  const std::string unique = c.unique(name);
  c.create({{"apiVersion", "scheduling.k8s.io/v1"}, {"kind", "PriorityClass"}, {"metadata", {{"name", unique}}}, {"value", value}});
  return unique;
}

}  // namespace plumb::harness
