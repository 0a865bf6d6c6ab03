#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(node, env_prefixes,
                  {.requirement = "Every key of a ConfigMap and of a Secret that a container's envFrom names MUST be among its variables, under the prefix that it gives, which may be of "
                                  "any printable ASCII characters but the equals sign.",
                   .covers = {"ConfigMap, from environment field with various prefixes", "Secrets, pod environment from source"},
                   .needs = {"image", "version>=1.34"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_end("told");
  const std::string told = "\n" + c.logs("told");
  for (const char* source : {"map", "secret"})
    for (const char* prefix : {"", "p-", "1-", "$_-", "p#"}) EXPECT_TRUE(has(told, "\n" + std::string(prefix) + source + "_key=" + source + "\n")) << prefix << source << " in " << told;
}
