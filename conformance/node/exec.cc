#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, exec,
                  {.requirement = "A command run in a container over WebSocket MUST give its stdout, stderr and exit code apart, run in the "
                                  "container that is named, and be refused where there is none.",
                   .covers = {"Pods, remote command execution over websocket"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.start("target");
  EXPECT_EQ(c.output("target", {"env", "WHO"}, "main"), "main");
  EXPECT_EQ(c.output("target", {"env", "WHO"}, "side"), "side");
  const auto failing = c.exec("target", {"cat", "/absent"}, "main");
  EXPECT_EQ(failing.exit_code, 1);
  EXPECT_EQ(failing.out, "");
  EXPECT_EQ(failing.err, "/absent: No such file or directory\n");
  EXPECT_EQ(c.exec("target", {"exit", "42"}, "main").exit_code, 42);
  const auto large = c.exec("target", {"log", "0", "20000", "--bytes", "40"}, "main");
  EXPECT_EQ(std::count(large.out.begin(), large.out.end(), '\n'), 20000) << "nothing is lost of a long output";
  EXPECT_FALSE(c.client().exec(c.space(), "target", {"/no-such-program"}, {.container = "main"}).ok());
  c.refused(c.client().exec(c.space(), "target", {"/plumb-test", "env"}, {.container = "absent"}), 400, "BadRequest");
  c.refused(c.client().exec(c.space(), "absent", {"/plumb-test", "env"}), 404, "NotFound");
}
