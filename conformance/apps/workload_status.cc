#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

namespace {

using namespace plumb::harness;

bool has_reason(const Json& object, const std::string& type, const std::string& reason) {
  const Json conditions = at(object, "/status/conditions", Json::array());
  return std::any_of(conditions.begin(), conditions.end(), [&](const Json& one) {
    return text_at(one, "/type") == type && text_at(one, "/status") == "True" && text_at(one, "/reason") == reason;
  });
}

}  // namespace

PLUMB_CONFORMANCE(apps, workload_status,
                  {.requirement = "The status of a StatefulSet, DaemonSet, Deployment or ReplicaSet MUST be read, updated and patched through the status subresource, "
                                  "visibly to later reads and without a change of the spec.",
                   .covers = {"StatefulSet, status sub-resource", "DaemonSet, status sub-resource", "Deployment, status sub-resource",
                              "ReplicaSet, status sub-resource"},
                   .needs = {"controllers", "resource:apps/v1/statefulsets", "resource:apps/v1/daemonsets", "resource:apps/v1/deployments",
                             "resource:apps/v1/replicasets"}}) {
  for (const auto& [plural, name] : {std::pair("statefulsets", "first"), std::pair("daemonsets", "second"), std::pair("deployments", "third"), std::pair("replicasets", "fourth")}) {
    const Resource resource = c.in("apps/v1", plural);
    c.apply(name);
    c.await(resource, name, "the controller to have seen it", [](const Json* seen) {
      return seen != nullptr && int_at(*seen, "/status/observedGeneration") == int_at(*seen, "/metadata/generation");
    });
    // The controller may write at the same time.
    c.eventually("an update of the status", [&, name = name] {
      Json now = c.must(c.client().get(resource, name, "status"));
      now["status"]["conditions"] = {{{"type", "StatusUpdate"}, {"status", "True"}, {"reason", "Updated"}, {"message", "by a test"}}};
      now["spec"]["minReadySeconds"] = 7;
      return c.client().update(resource, now, "status").ok();
    });
    const auto expect_reason = [&, plural = plural, name = name](const char* type, const char* reason) {
      for (const char* subresource : {"", "status"}) {
        const Json read = c.must(c.client().get(resource, name, subresource));
        EXPECT_TRUE(has_reason(read, type, reason)) << plural << " " << read["status"].dump();
        EXPECT_EQ(int_at(read, "/spec/minReadySeconds"), 0) << plural;
        EXPECT_EQ(int_at(read, "/metadata/generation"), 1) << plural;
      }
    };
    expect_reason("StatusUpdate", "Updated");
    c.must(c.client().patch(resource, name, PatchKind::merge, {{"status", {{"conditions", {{{"type", "StatusPatched"}, {"status", "True"}, {"reason", "Patched"}}}}}}}, "status"));
    expect_reason("StatusPatched", "Patched");
    EXPECT_FALSE(has_reason(c.must(c.client().get(resource, name)), "StatusUpdate", "Updated")) << plural << ": a merge patch replaces the list";
  }
}
