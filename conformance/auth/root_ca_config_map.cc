#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(auth, root_ca_config_map,
                  {.requirement = "Every namespace MUST have a config map kube-root-ca.crt with the API server's CA, which MUST be made again when it is deleted or changed.",
                   .covers = {"RootCA ConfigMap test"},
                   .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource maps = c.in("v1", "configmaps");
  const auto has_ca = [](const Json* map) { return map != nullptr && text_at(*map, "/data/ca.crt").find("BEGIN CERTIFICATE") != std::string::npos; };
  const Json first = c.await(maps, "kube-root-ca.crt", "the root CA config map", has_ca);
  c.must(c.client().remove(maps, "kube-root-ca.crt"));
  c.await(maps, "kube-root-ca.crt", "the deleted config map to come back",
          [&](const Json* map) { return has_ca(map) && text_at(*map, "/metadata/uid") != text_at(first, "/metadata/uid"); });
  c.must(c.client().patch(maps, "kube-root-ca.crt", PatchKind::merge, {{"data", {{"ca.crt", "changed"}}}}));
  const Json last = c.await(maps, "kube-root-ca.crt", "the changed config map to be put right", has_ca);
  EXPECT_EQ(text_at(last, "/data/ca.crt"), text_at(first, "/data/ca.crt"));
}
