#include <gtest/gtest.h>

#include <set>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(network, kubernetes_endpoints,
                  {.requirement = "The Service \"kubernetes\" MUST have Endpoints and EndpointSlices with the address of each API server, and an API server MUST answer there.",
                   .covers = {"kubernetes.default Endpoints and EndpointSlices"},
                   .needs = {"image", "version>=1.21"}}) {
  using namespace plumb::harness;
  const Json endpoints = c.must(c.client().get({"v1", "endpoints", "default"}, "kubernetes"));
  std::set<std::string> places, in_slices;
  for (const Json& subset : at(endpoints, "/subsets", Json::array()))
    for (const Json& address : at(subset, "/addresses", Json::array()))
      for (const Json& port : at(subset, "/ports", Json::array())) places.insert(text_at(address, "/ip") + ":" + std::to_string(int_at(port, "/port")));
  EXPECT_FALSE(places.empty()) << endpoints.dump();
  const Json slices = c.must(c.client().list({"discovery.k8s.io/v1", "endpointslices", "default"}, {{"labelSelector", "kubernetes.io/service-name=kubernetes"}}));
  for (const Json& slice : slices["items"])
    for (const Json& endpoint : at(slice, "/endpoints", Json::array()))
      for (const Json& address : at(endpoint, "/addresses", Json::array()))
        for (const Json& port : at(slice, "/ports", Json::array())) in_slices.insert(address.get<std::string>() + ":" + std::to_string(int_at(port, "/port")));
  EXPECT_EQ(in_slices, places);
  c.start("client");
  for (const std::string& place : places) EXPECT_EQ(c.exec("client", {"tcp", place}).exit_code, 0) << place;
}
