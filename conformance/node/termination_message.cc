#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(node, termination_message,
                  {.requirement = "A terminated container's message MUST be what it wrote to its termination path, else, where the policy falls "
                                  "back to logs, the end of a failing container's log, and nothing for one that succeeded.",
                   .covers = {"Container Runtime, TerminationMessage, from log output of succeeding container",
                              "Container Runtime, TerminationMessage, from file of succeeding container",
                              "Container Runtime, TerminationMessage, from container's log output of failing container",
                              "Container Runtime, TerminationMessagePath, non-root user and non-default path"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const auto message = [&](const std::string& pod, const std::string& phase) {
    return text_at(container_status(c.await_end(pod, phase), "main"), "/state/terminated/message");
  };
  EXPECT_EQ(message("file", "Succeeded"), "done");
  EXPECT_EQ(message("path", "Succeeded"), "elsewhere");
  EXPECT_EQ(message("log-success", "Succeeded"), "");
  EXPECT_TRUE(has(message("log-failure", "Failed"), "absent")) << "the end of the log says what was missing";
  EXPECT_EQ(message("silent-failure", "Failed"), "") << "the default policy does not read the log";
}
