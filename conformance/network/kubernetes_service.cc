#include <gtest/gtest.h>

#include <algorithm>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(network, kubernetes_service,
                  {.requirement = "The Service \"kubernetes\" MUST be there in the namespace \"default\", with an address and a port, and be found among the Services of all namespaces.",
                   .covers = {"Kubernetes Service", "Find Kubernetes Service in default Namespace"}}) {
  using namespace plumb::harness;
  const Json service = c.must(c.client().get({"v1", "services", "default"}, "kubernetes"));
  EXPECT_FALSE(text_at(service, "/spec/clusterIP").empty());
  EXPECT_NE(text_at(service, "/spec/clusterIP"), "None");
  EXPECT_EQ(text_at(service, "/spec/ports/0/name"), "https");
  const Json all = c.must(c.client().list_all({"v1", "services", ""}))["items"];
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const Json& each) { return name_of(each) == "kubernetes" && text_at(each, "/metadata/namespace") == "default"; }));
}
