#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, env_expansion,
                  {.requirement = "$(NAME) MUST expand to an earlier variable in values, commands and arguments, stay as written where there is "
                                  "no such variable, and be escaped by $$.",
                   .covers = {"Environment variables, expansion", "Environment variables, command expansion",
                              "Environment variables, command argument expansion"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const auto printed = [&](const std::string& pod) {
    c.await_end(pod);
    return c.logs(pod);
  };
  EXPECT_EQ(printed("values"), "one;;one-two;;$(ONE);;$(LATER);;$(NONE)\n");
  EXPECT_EQ(printed("arguments"), "one $(ONE) $(NONE) 1\n");
  EXPECT_EQ(printed("command"), "one 1\n");
}
