#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, graceful_deletion,
                  {.requirement = "A deleted pod MUST be told to stop at once and have its grace period to do so, shown by a deletionTimestamp, "
                                  "MUST be gone when it has stopped, and MUST be killed when it does not stop in time.",
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* pod : {"obeys", "ignores"}) c.await_ready(pod);
  const auto lines = c.must(c.client().follow_logs(c.space(), "obeys"));
  const auto now = [] { return plumb::real_clock().now(); };
  const plumb::Instant start = now();
  c.must(c.client().remove(c.pods(), "obeys"));
  c.must(c.client().remove(c.pods(), "ignores"));
  const Json marked = c.must(c.client().get(c.pods(), "obeys"));
  EXPECT_FALSE(text_at(marked, "/metadata/deletionTimestamp").empty());
  EXPECT_EQ(int_at(marked, "/metadata/deletionGracePeriodSeconds"), 60);
  EXPECT_EQ(text_at(marked, "/status/phase"), "Running");
  std::vector<std::string> log;
  for (std::string line; lines->next(start + timeouts::pod_runs, line) == plumb::client::LineStream::Next::line;) log.push_back(line);
  EXPECT_EQ(log, (std::vector<std::string>{"serving", "stopped by SIGTERM"}));
  c.await_gone(c.pods(), "obeys", timeouts::pod_gone);
  EXPECT_GE(now() - start, timeouts::seconds(3)) << "it had time to end its work";
  EXPECT_LT(now() - start, timeouts::seconds(55)) << "the grace period is not waited for";
  c.await_gone(c.pods(), "ignores", timeouts::pod_gone);
  EXPECT_GE(now() - start, timeouts::seconds(4));
}
