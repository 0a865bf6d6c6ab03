#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(storage, config_map_volume,
                  {.requirement = "A ConfigMap volume MUST show text and binary keys as files with the default or given modes and paths, in every "
                                  "volume that names it, and MUST follow its changes.",
                   .covers = {"ConfigMap Volume, text data, binary data", "ConfigMap Volume, without mapping",
                              "ConfigMap Volume, with mapping", "ConfigMap Volume, multiple volume maps", "ConfigMap Volume, update"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_ready("reader");
  const auto file = [&](const std::string& path) { return c.output("reader", {"cat", path}); };
  const auto mode = [&](const std::string& path) {
    const std::string text = c.output("reader", {"file", path, "--follow"});
    const auto found = text.find("mode=");
    return found == std::string::npos ? text : text.substr(found + 5, 4);
  };
  EXPECT_EQ(file("/whole/text"), "first");
  EXPECT_EQ(file("/whole/bytes"), "\x01\x02\xff");
  EXPECT_EQ(mode("/whole/text"), "0644");
  EXPECT_EQ(file("/mapped/deep/path"), "first");
  EXPECT_EQ(mode("/mapped/deep/path"), "0644");
  EXPECT_EQ(c.exec("reader", {"cat", "/mapped/bytes"}).exit_code, 1) << "only the keys that are named";
  EXPECT_EQ(mode("/moded/text"), "0400");
  c.must(c.client().patch(c.in("v1", "configmaps"), "map", PatchKind::merge, {{"data", {{"text", "second"}, {"late", "new"}}}}));
  // A change of the pod makes its node look at it now, not only with its next period.
  c.must(c.client().patch(c.pods(), "reader", PatchKind::merge, {{"metadata", {{"annotations", {{"look", "again"}}}}}}));
  c.eventually("the change to show in the volume", [&] { return file("/whole/text") == "second"; }, timeouts::rollout);
  EXPECT_EQ(file("/whole/late"), "new") << "keys change together";
}
