#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, failed_container,
                  {.requirement = "A container that always fails MUST be told of as terminated, with a reason, and its pod MUST be deletable while it does.",
                   .covers = {"Kubelet, failed pod, terminated reason", "Kubelet, failed pod, delete"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await(c.pods(), "fails", "its container's end", [](const Json* pod) {
    if (pod == nullptr || at(*pod, "/status/containerStatuses", Json::array()).size() != 1) return false;
    const Json status = container_status(*pod, "main");
    const char* where = container_is(*pod, "main", "terminated") ? "/state/terminated" : "/lastState/terminated";
    return !text_at(status, std::string(where) + "/reason").empty() && int_at(status, std::string(where) + "/exitCode") == 1;
  }, timeouts::pod_runs);
  c.must(c.client().remove(c.pods(), "fails"));
  c.await_gone(c.pods(), "fails", timeouts::pod_gone);
}
