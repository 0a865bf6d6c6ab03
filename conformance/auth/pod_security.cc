#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(auth, pod_security,
                  {.requirement = "A namespace that enforces a level of the Pod Security Standards MUST get no pod beyond it, whatever made it; labels that cannot be read MUST be refused.",
                   .covers = {},
                   .needs = {"version>=1.23"}}) {
  using namespace plumb::harness;
  const Resource namespaces{"v1", "namespaces", ""};
  const auto label = [&](const Json& labels) { return c.client().patch(namespaces, c.space(), PatchKind::merge, {{"metadata", {{"labels", labels}}}}); };
  const auto admitted = [&](const std::string& pod) { return c.client().create(c.pods(), c.object(pod), {{"dryRun", "All"}}).ok(); };
  c.eventually("the default account to be there", [&] { return admitted("restricted"); });
  for (const char* pod : {"privileged", "baseline", "restricted"}) EXPECT_TRUE(admitted(pod)) << pod;

  c.must(label({{"pod-security.kubernetes.io/enforce", "baseline"}}));
  c.eventually("the privileged pod to be refused", [&] { return !admitted("privileged"); });
  const auto refused = c.refused(c.client().create(c.pods(), c.object("privileged")), 403, "Forbidden");
  EXPECT_NE(refused.message.find("violates PodSecurity \"baseline:latest\": host namespaces (hostPID=true)"), std::string::npos) << refused.message;
  EXPECT_TRUE(admitted("baseline"));
  EXPECT_TRUE(admitted("restricted"));

  c.must(label({{"pod-security.kubernetes.io/enforce", "restricted"}, {"pod-security.kubernetes.io/enforce-version", "v1.25"}}));
  c.eventually("the baseline pod to be refused", [&] { return !admitted("baseline"); });
  EXPECT_FALSE(admitted("privileged"));
  EXPECT_TRUE(admitted("restricted"));

  c.refused(label({{"pod-security.kubernetes.io/enforce", "strict"}}), 422, "Invalid");
  c.refused(label({{"pod-security.kubernetes.io/warn-version", "1.2"}}), 422, "Invalid");
}
