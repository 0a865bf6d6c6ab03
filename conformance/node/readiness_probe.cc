#include <gtest/gtest.h>

#include "harness/results/model.h"
#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, readiness_probe,
                  {.requirement = "A pod MUST be Ready, and its address among the ready ones of its Service, exactly while its readiness probe "
                                  "succeeds, not before the initial delay, and a failing readiness probe MUST NOT restart it.",
                   .covers = {"Pod readiness probe, failure", "Pod readiness probe, with initial delay"},
                   .needs = {"image", "resource:v1/endpoints"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const Resource endpoints = c.in("v1", "endpoints");
  const auto set = [&](const char* value) { c.output("gated", {"get", std::string("http://127.0.0.1:8080/readyz?set=") + value}); };
  const auto ready_addresses = [](const Json* object) {
    std::size_t count = 0;
    for (const Json& subset : object == nullptr ? Json::array() : at(*object, "/subsets", Json::array())) count += at(subset, "/addresses", Json::array()).size();
    return count;
  };
  c.await(c.pods(), "gated", "the container to run", [](const Json* pod) { return pod != nullptr && text_at(*pod, "/status/phase") == "Running"; }, timeouts::pod_runs);
  c.consistently("the pod is not ready", [&] { return !has_condition(c.must(c.client().get(c.pods(), "gated")), "Ready"); });
  EXPECT_EQ(ready_addresses(&static_cast<const Json&>(c.must(c.client().get(endpoints, "gated")))), 0u);
  set("true");
  const Json pod = c.await_ready("gated");
  EXPECT_TRUE(has_condition(pod, "ContainersReady"));
  const Json listed = c.await(endpoints, "gated", "the address to be ready", [&](const Json* object) { return ready_addresses(object) == 1; });
  EXPECT_EQ(text_at(listed, "/subsets/0/addresses/0/ip"), text_at(pod, "/status/podIP"));
  set("false");
  c.await(c.pods(), "gated", "the pod to be unready", [](const Json* object) { return object != nullptr && has_condition(*object, "Ready", "False"); });
  c.await(endpoints, "gated", "the address to be gone", [&](const Json* object) { return ready_addresses(object) == 0; });
  const Json last = c.must(c.client().get(c.pods(), "gated"));
  EXPECT_EQ(text_at(last, "/status/phase"), "Running");
  EXPECT_EQ(int_at(container_status(last, "main"), "/restartCount"), 0);

  const Json delayed = c.await_ready("delayed");
  EXPECT_EQ(int_at(container_status(delayed, "main"), "/restartCount"), 0);
  const auto seconds_of = [](const std::string& time) { return plumb::results::parse_time(time).value_or(plumb::WallTime()).time_since_epoch() / timeouts::seconds(1); };
  std::string ready_since;
  for (const Json& condition : at(delayed, "/status/conditions", Json::array())) {
    if (text_at(condition, "/type") == "Ready") ready_since = text_at(condition, "/lastTransitionTime");
  }
  EXPECT_GE(seconds_of(ready_since) - seconds_of(text_at(container_status(delayed, "main"), "/state/running/startedAt")), 4);
}
