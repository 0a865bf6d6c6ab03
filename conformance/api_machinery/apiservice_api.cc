#include <gtest/gtest.h>

#include "conformance/api_operations.h"

// What cannot be reached disturbs others: namespaces are not emptied while a group of the API does not answer.
PLUMB_CONFORMANCE(api_machinery, apiservice_api,
                  {.requirement = "APIServices of apiregistration.k8s.io/v1 MUST be found by discovery and MUST follow every verb, with their status apart.",
                   .serial = true}) {
  using namespace plumb::harness;
  std::vector<Json> services;
  for (int i = 0; i < 3; ++i) {
    const std::string group = c.unique("group") + "-" + std::to_string(i) + ".example.com";
    services.push_back({{"apiVersion", "apiregistration.k8s.io/v1"},
                        {"kind", "APIService"},
                        {"metadata", {{"name", "v1alpha1." + group}}},
                        {"spec",
                         {{"group", group}, {"version", "v1alpha1"}, {"groupPriorityMinimum", 100}, {"versionPriority", 10}, {"service", {{"namespace", c.space()}, {"name", "nobody"}}}}}});
  }
  const Json condition{{"type", "Tested"}, {"status", "False"}, {"reason", "Patched"}, {"message", "by a test"}, {"lastTransitionTime", "2020-01-01T00:00:00Z"}};
  expect_api_operations(c, {"apiregistration.k8s.io", "v1", "apiservices", services, {{"status", {{"conditions", {condition}}}}}, "/status/conditions/0/reason"});
}
