#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(storage, sub_path,
                  {.requirement = "A mount with a subPath MUST show that part of the volume alone, for every type of volume with files of its own, and be made when it is "
                                  "missing; subPathExpr MUST be expanded; what is no path below the volume MUST keep the container from starting.",
                   .covers = {"SubPath: Reading content from a secret volume.", "SubPath: Reading content from a configmap volume.",
                              "SubPath: Reading content from a downwardAPI volume.", "SubPath: Reading content from a projected volume.",
                              "VolumeSubpathEnvExpansion, subpath expansion", "VolumeSubpathEnvExpansion, subpath with backticks",
                              "VolumeSubpathEnvExpansion, subpath with absolute path"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_ready("parts");
  const auto file = [&](const std::string& path) { return c.output("parts", {"cat", path}); };
  EXPECT_EQ(file("/config"), "of the config map");
  EXPECT_EQ(file("/secret"), "of the secret");
  EXPECT_EQ(file("/projected"), "of the config map");
  EXPECT_EQ(file("/name"), "parts");
  c.output("parts", {"write", "/part/file", "written"});
  EXPECT_EQ(file("/whole/made/here/file"), "written");
  c.output("parts", {"write", "/named/file", "written, too"});
  EXPECT_EQ(file("/whole/logs/parts/file"), "written, too");
  EXPECT_NE(c.exec("parts", {"cat", "/part/made"}).exit_code, 0) << "the part shows more than itself";
  for (const char* pod : {"absolute", "backticks"})
    c.await(c.pods(), pod, std::string(pod) + " to be refused its container", [](const Json* object) {
      if (object == nullptr) return false;
      const std::string reason = text_at(container_status(*object, "main"), "/state/waiting/reason");
      return reason == "CreateContainerConfigError";
    }, timeouts::pod_runs);
}
