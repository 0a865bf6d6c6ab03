#include <gtest/gtest.h>

#include "conformance/network/through_service.h"

// KEP-1669, proxy terminating endpoints; on by default since 1.26.
PLUMB_CONFORMANCE(network, service_terminating,
                  {.requirement = "A Service MUST lead to a pod that terminates while there is no ready one, and no longer to it once there is.",
                   .covers = {},
                   .needs = {"image", "services", "version>=1.26"}}) {
  using namespace plumb::harness;
  c.apply("front");
  c.start("client");
  const std::string place = host_port(text_at(service_of(c, "front"), "/spec/clusterIP"), 80);
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
