#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, container_command,
                  {.requirement = "A container MUST run the image's entrypoint and arguments, its own command alone where it names one, and its "
                                  "own arguments after whichever entrypoint holds.",
                   .covers = {"Containers, without command and arguments", "Containers, with arguments", "Containers, with command",
                              "Containers, with command and arguments"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_ready("defaults");
  EXPECT_EQ(c.output("defaults", {"get", "http://127.0.0.1:8080/echo?msg=here"}), "here") << "entrypoint and arguments of the image make it a server";
  const auto printed = [&](const std::string& pod) {
    c.await_end(pod);
    return c.logs(pod);
  };
  EXPECT_EQ(printed("args"), "args 1\n") << "the image's entrypoint with the pod's arguments";
  EXPECT_EQ(printed("command"), "plumb\n") << "the image's arguments do not follow the pod's command";
  EXPECT_EQ(printed("both"), "both 1\n");
}
