#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, namespace_deletion_order,
                  {.requirement = "The deletion of a namespace MUST delete its pods first, and everything else only when the last pod has gone.",
                   .covers = {"Ordered Namespace Deletion"},
                   .needs = {"controllers", "version>=1.34"}}) {
  using namespace plumb::harness;
  const std::string name = c.unique("inner");
  c.create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
  const Resource spaces{"v1", "namespaces", ""}, pods{"v1", "pods", name}, maps{"v1", "configmaps", name};
  c.must(c.client().create(maps, {{"metadata", {{"name", "later"}}}}));
  c.await({"v1", "serviceaccounts", name}, "default", "the service account that pods run under", [](const Json* account) { return account != nullptr; });
  const Json container{{"name", "main"}, {"image", "pause"}};
  c.must(c.client().create(pods, {{"metadata", {{"name", "first"}, {"finalizers", {"plumb.io/hold"}}}},
                                  {"spec", {{"containers", {container}}, {"nodeSelector", {{"plumb.io/no-such-node", "true"}}}, {"terminationGracePeriodSeconds", 0}}}}));
  c.must(c.client().remove(spaces, name));
  c.await(pods, "first", "the pod to be deleted", [](const Json* pod) { return pod != nullptr && !text_at(*pod, "/metadata/deletionTimestamp").empty(); });
  c.consistently("all else waits for the pod", [&] {
    const auto map = c.client().get(maps, "later");
    return map.ok() && text_at(*map, "/metadata/deletionTimestamp").empty();
  });
  c.must(c.client().patch(pods, "first", PatchKind::merge, {{"metadata", {{"finalizers", nullptr}}}}));
  c.await_gone(maps, "later", timeouts::namespace_gone);
  c.await_gone(spaces, name, timeouts::namespace_gone);
}
