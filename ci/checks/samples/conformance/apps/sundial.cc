#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(apps, sundial, {.requirement = "A sundial MUST be kept as it was written."}) {
  using namespace plumb::harness;
  c.apply("sundial");
  EXPECT_EQ(text_at(c.must(c.client().get(c.in("v1", "configmaps"), "sundial")), "/data/shadow"), "short");
}
