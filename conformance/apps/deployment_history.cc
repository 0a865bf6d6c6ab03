#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, deployment_history,
                  {.requirement = "A paused Deployment MUST NOT roll out its template; resumed, it MUST number each template as a revision, and a return to an earlier "
                                  "template MUST reuse its ReplicaSet under a new number.",
                   .needs = {"controllers", "resource:apps/v1/deployments"}}) {
  using namespace plumb::harness;
  const Resource deployments = c.in("apps/v1", "deployments"), sets = c.in("apps/v1", "replicasets");
  constexpr const char* revision = "/metadata/annotations/deployment.kubernetes.io~1revision";
  c.apply("historic");
  const auto patch = [&](const Json& body) { c.must(c.client().patch(deployments, "historic", PatchKind::strategic, body)); };
  const auto image = [](const std::string& name) {
    return Json{{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", name}}}}}}}}}}};
  };
  const auto await_revision = [&](const std::string& number) {
    c.await(deployments, "historic", "revision " + number, [&](const Json* object) { return object != nullptr && text_at(*object, revision) == number; });
  };
  await_revision("1");
  patch({{"spec", {{"paused", true}}}});
  patch(image("pause:two"));
  c.await(deployments, "historic", "the pause to be observed",
          [](const Json* object) { return object != nullptr && int_at(*object, "/status/observedGeneration") == int_at(*object, "/metadata/generation"); });
  EXPECT_EQ(c.must(c.client().list(sets, {{"labelSelector", "app=historic"}}))["items"].size(), 1u) << "paused";
  patch({{"spec", {{"paused", false}}}});
  await_revision("2");
  patch(image("pause:one"));
  await_revision("3");
  const Json listed = c.must(c.client().list(sets, {{"labelSelector", "app=historic"}}));
  ASSERT_EQ(listed["items"].size(), 2u);
  for (const Json& set : listed["items"]) {
    const bool first = text_at(set, "/spec/template/spec/containers/0/image") == "pause:one";
    EXPECT_EQ(text_at(set, revision), first ? "3" : "2");
  }
}
