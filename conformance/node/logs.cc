#include <gtest/gtest.h>

#include "harness/results/model.h"
#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, logs,
                  {.requirement = "A container's log MUST hold what it wrote to stdout and stderr, cut as asked, apart from other containers', "
                                  "with that of its previous run, and following it MUST deliver lines until the container ends.",
                   .covers = {"Kubelet, log output, default"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_end("writer");
  EXPECT_EQ(c.logs("writer", {{"container", "main"}}), "out 1\nout 2\nout 3\n");
  EXPECT_EQ(c.logs("writer", {{"container", "side"}}), "err 1\n") << "stderr is logged, too";
  EXPECT_EQ(c.logs("writer", {{"container", "main"}, {"tailLines", "1"}}), "out 3\n");
  EXPECT_EQ(c.logs("writer", {{"container", "main"}, {"limitBytes", "4"}}), "out ");
  const std::string stamped = c.logs("writer", {{"container", "main"}, {"timestamps", "true"}, {"tailLines", "1"}});
  EXPECT_TRUE(plumb::results::parse_time(stamped.substr(0, stamped.find(' ')))) << stamped;
  c.refused(c.client().logs(c.space(), "writer"), 400, "BadRequest");
  c.refused(c.client().logs(c.space(), "writer", {{"container", "absent"}}), 400, "BadRequest");
  c.refused(c.client().logs(c.space(), "absent"), 404, "NotFound");

  c.await_ready("follow");
  const auto lines = c.must(c.client().follow_logs(c.space(), "follow"));
  const plumb::Instant deadline = plumb::real_clock().now() + timeouts::pod_runs;
  std::string line;
  ASSERT_EQ(lines->next(deadline, line), plumb::client::LineStream::Next::line);
  EXPECT_EQ(line, "serving");
  (void)c.exec("follow", {"get", "http://127.0.0.1:8080/exit?code=0"});
  c.step("waiting for the followed log to end");
  EXPECT_EQ(lines->next(deadline, line), plumb::client::LineStream::Next::ended) << line;

  c.await_ready("again");
  (void)c.exec("again", {"get", "http://127.0.0.1:8080/exit?code=1"});
  c.await(c.pods(), "again", "the restarted container", [](const Json* pod) {
    return pod != nullptr && int_at(container_status(*pod, "main"), "/restartCount") == 1 && container_is(*pod, "main", "running");
  }, timeouts::pod_runs);
  EXPECT_EQ(c.logs("again", {{"previous", "true"}}), "serving\n");
}
