#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, liveness_probe,
                  {.requirement = "A container whose liveness probe, HTTP, command or socket, fails MUST be killed and started again with its "
                                  "restart count raised, and one whose probe succeeds MUST be left alone.",
                   .covers = {"Pod liveness probe, using http endpoint, restart", "Pod liveness probe, using local file, restart",
                              "Pod liveness probe, using http endpoint, failure", "Pod liveness probe, using local file, no restart",
                              "Pod liveness probe, using tcp socket, no restart"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  for (const char* pod : {"http", "file", "port"}) c.await_ready(pod);
  c.output("port", {"get", "http://127.0.0.1:8080/healthz?set=false"});
  const auto restarts = [&](const char* pod) { return int_at(container_status(c.must(c.client().get(c.pods(), pod)), "main"), "/restartCount"); };
  const auto await_restart = [&](const char* pod) {
    c.await(c.pods(), pod, std::string("the container of ") + pod + " to be restarted", [](const Json* object) {
      return object != nullptr && int_at(container_status(*object, "main"), "/restartCount") == 1 && container_is(*object, "main", "running");
    }, timeouts::pod_runs);
  };
  c.consistently("healthy containers are left alone", [&] { return restarts("http") + restarts("file") + restarts("port") == 0; }, timeouts::seconds(5));
  c.output("http", {"get", "http://127.0.0.1:8080/healthz?set=false"});
  c.output("file", {"remove", "/data/health"});
  await_restart("http");
  await_restart("file");
  EXPECT_EQ(restarts("port"), 0) << "its socket is open, whatever it answers";
  EXPECT_EQ(c.output("http", {"get", "http://127.0.0.1:8080/healthz"}), "ok") << "a new process with a new state";
}
