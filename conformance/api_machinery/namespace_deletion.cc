#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(api_machinery, namespace_deletion,
                  {.requirement = "Deleting a namespace MUST delete everything in it, MUST refuse new objects meanwhile, and a namespace of the same name made later MUST "
                                  "be empty.",
                   .covers = {"namespace-deletion-removes-services", "namespace-deletion-removes-pods", "Namespace patching"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource spaces{"v1", "namespaces", ""};
  const std::string name = c.unique("inner");
  const Json body{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
  const Json made = c.create(body);
  EXPECT_EQ(text_at(made, "/status/phase"), "Active");
  EXPECT_EQ(at(made, "/spec/finalizers"), Json::array({"kubernetes"}));
  const Json labelled = c.must(c.client().patch(spaces, name, PatchKind::merge, {{"metadata", {{"labels", {{"tested", "yes"}}}}}}));
  EXPECT_EQ(text_at(labelled, "/metadata/labels/tested"), "yes");

  const Resource maps{"v1", "configmaps", name}, services{"v1", "services", name};
  const Json held{{"metadata", {{"name", "held"}, {"finalizers", {"plumb.io/hold"}}}}};
  c.must(c.client().create(maps, held));
  c.must(c.client().create(services, {{"metadata", {{"name", "gone"}}}, {"spec", {{"ports", {{{"port", 80}}}}}}}));
  const Resource pods{"v1", "pods", name};
  c.await({"v1", "serviceaccounts", name}, "default", "the service account that pods run under", [](const Json* account) { return account != nullptr; });
  const Json container{{"name", "main"}, {"image", "pause"}};
  c.must(c.client().create(pods, {{"metadata", {{"name", "gone"}}},
                                  {"spec", {{"containers", {container}}, {"nodeSelector", {{"plumb.io/no-such-node", "true"}}}, {"terminationGracePeriodSeconds", 0}}}}));
  c.must(c.client().remove(spaces, name));
  c.await(spaces, name, "the namespace to be terminating", [](const Json* space) { return space != nullptr && text_at(*space, "/status/phase") == "Terminating"; });
  c.refused(c.client().create(maps, {{"metadata", {{"name", "late"}}}}), 403, "Forbidden");
  c.await_gone(services, "gone", timeouts::namespace_gone);
  c.await_gone(pods, "gone", timeouts::namespace_gone);
  c.await(maps, "held", "the held object to be marked", [](const Json* map) { return map != nullptr && !text_at(*map, "/metadata/deletionTimestamp").empty(); });
  EXPECT_TRUE(c.client().get(spaces, name).ok()) << "a namespace outlives what is in it";
  c.must(c.client().patch(maps, "held", PatchKind::merge, {{"metadata", {{"finalizers", nullptr}}}}));
  c.await_gone(spaces, name, timeouts::namespace_gone);
  const Json second = c.create(body);
  EXPECT_NE(text_at(second, "/metadata/uid"), text_at(made, "/metadata/uid"));
  EXPECT_TRUE(c.must(c.client().list(services))["items"].empty());
}
