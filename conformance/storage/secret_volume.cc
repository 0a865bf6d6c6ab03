#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(storage, secret_volume,
                  {.requirement = "A Secret volume MUST show each key as a file in memory with the default or given modes and paths, readable by "
                                  "the pod's group, and an absent Secret MUST hold the pod back unless it is optional.",
                   .covers = {"Secrets Volume, default", "Secrets Volume, mapping", "Secrets Volume, volume mode 0400"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_ready("reader");
  const auto file = [&](const std::string& path) { return c.output("reader", {"cat", path}); };
  const auto facts = [&](const std::string& path) { return c.output("reader", {"file", path, "--follow"}); };
  const auto has = [&](const std::string& path, const std::string& what) { return facts(path).find(what) != std::string::npos; };
  EXPECT_EQ(file("/whole/key"), "secret");
  EXPECT_TRUE(has("/whole/key", "mode=0644")) << facts("/whole/key");
  EXPECT_TRUE(has("/whole/key", " tmpfs ")) << facts("/whole/key");
  EXPECT_EQ(file("/mapped/other/name"), "secret");
  EXPECT_TRUE(has("/mapped/other/name", "mode=0644"));
  EXPECT_TRUE(has("/moded/key", "mode=0400"));
  EXPECT_EQ(c.exec("reader", {"file", "/optional/key"}).exit_code, 1);
  EXPECT_EQ(text_at(c.must(c.client().get(c.pods(), "held")), "/status/phase"), "Pending");
  c.must(c.client().create(c.in("v1", "secrets"), {{"metadata", {{"name", c.unique("late")}}}, {"stringData", {{"key", "late"}}}}));
  c.await_end("held");
  EXPECT_EQ(c.logs("held"), "late");
}
