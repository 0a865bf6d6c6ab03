#include <gtest/gtest.h>

#include "reference/controllers/endpoints/decide.h"

namespace plumb::controllers::endpoints {
namespace {

using PodPtr = std::shared_ptr<const corev1::Pod>;

PodPtr pod(int number, bool ready) {
  auto made = std::make_shared<corev1::Pod>();
  made->metadata.name = "p" + std::to_string(number);
  made->metadata.uid = "u" + std::to_string(number);
  made->metadata.namespace_ = "default";
  made->status.podIP = "10.1." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1);
  made->status.podIPs.emplace_back().ip = made->status.podIP;
  auto& condition = made->status.conditions.emplace_back();
  condition.type = "Ready";
  condition.status = ready ? "True" : "False";
  return made;
}

// The Endpoints that a Service with one port gets for so many pods.
corev1::Endpoints endpoints_for(int ready, int not_ready) {
  Observed observed;
  auto service = std::make_shared<corev1::Service>();
  service->metadata.name = "web";
  service->metadata.namespace_ = "default";
  service->spec.clusterIP = "10.96.0.7";
  service->spec.ipFamilies.push_back("IPv4");
  auto& port = service->spec.ports.emplace_back();
  port.port = 80;
  port.protocol = "TCP";
  port.targetPort = 80;
  observed.service = service;
  for (int i = 0; i < ready + not_ready; ++i) observed.pods.push_back(pod(i, i < ready));
  const Plan plan = decide(observed);
  return static_cast<const corev1::Endpoints&>(*plan.stages.at(0).actions.at(0).request.object);
}

constexpr const char* over_capacity = "endpoints.kubernetes.io/over-capacity";

TEST(EndpointsOverCapacity, ReadyOnesGoFirst) {
  const auto some = endpoints_for(700, 600);
  EXPECT_EQ(some.subsets[0].addresses.size(), 700u);
  EXPECT_EQ(some.subsets[0].notReadyAddresses.size(), 300u);
  EXPECT_EQ(some.metadata.annotations.get(over_capacity), "truncated");
  const auto many = endpoints_for(1100, 5);
  EXPECT_EQ(many.subsets[0].addresses.size(), 1000u);
  EXPECT_EQ(many.subsets[0].notReadyAddresses.size(), 0u);
  const auto full = endpoints_for(1000, 0);
  EXPECT_EQ(full.subsets[0].addresses.size(), 1000u);
  EXPECT_FALSE(full.metadata.annotations.contains(over_capacity));
}

}  // namespace
}  // namespace plumb::controllers::endpoints
