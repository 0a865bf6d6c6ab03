#include <gtest/gtest.h>

#include "conformance/network/through_service.h"

PLUMB_CONFORMANCE(network, service_refused,
                  {.requirement = "Connections to a Service that has no endpoints MUST be refused at once, not left without an answer; a pod that terminates MUST go on being served while "
                                  "there is no ready one, and no longer once there is.",
                   .covers = {},
                   .needs = {"image", "services"}}) {
  using namespace plumb::harness;
  c.apply("front");
  c.start("client");
  const std::string place = host_port(text_at(service_of(c, "front"), "/spec/clusterIP"), 80);
  c.eventually("the connection to be refused", [&] {
    const auto answer = c.exec("client", {"tcp", place, "ping", "--timeout", "5"});
    return answer.exit_code != 0 && answer.err.find("refused") != std::string::npos;
  });

  c.start("leaving");
  await_answers(c, "client", place, {"leaving"});
  // It serves until its grace period is over.
  c.must(c.client().remove(c.pods(), "leaving"));
  c.await(c.pods(), "leaving", "the pod to be marked for its deletion", [](const Json* pod) { return pod != nullptr && !text_at(*pod, "/metadata/deletionTimestamp").empty(); });
  for (int i = 0; i < 5; ++i) await_answers(c, "client", place, {"leaving"});
  c.start("staying");
  await_answers(c, "client", place, {"staying"});
  for (int i = 0; i < 10; ++i) EXPECT_NE(who_answers(c, "client", place), "leaving");
}
