#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(node, pod_admission,
                  {.requirement = "A pod MUST be stored with its defaults, its QoS class and phase Pending, MUST refuse later changes to what cannot change, and MUST be refused "
                                  "when its containers make no sense.",
                   .covers = {"Pods, QOS"}, .needs = {"controllers"}}) {
  using namespace plumb::harness;
  const Resource pods = c.in("v1", "pods");
  const Json pod = c.apply("plain");
  EXPECT_EQ(text_at(pod, "/status/phase"), "Pending");
  EXPECT_EQ(text_at(pod, "/spec/restartPolicy"), "Always");
  EXPECT_EQ(text_at(pod, "/spec/dnsPolicy"), "ClusterFirst");
  EXPECT_EQ(text_at(pod, "/spec/containers/0/imagePullPolicy"), "Always") << "an image without a tag is pulled always";
  EXPECT_EQ(text_at(pod, "/status/qosClass"), "BestEffort");
  const auto with = [&](const std::string& name, const Json& resources) {
    Json made = c.object("plain");
    made["metadata"]["name"] = name;
    made["spec"]["containers"][0]["resources"] = resources;
    return made;
  };
  const Json same{{"cpu", "100m"}, {"memory", "16Mi"}};
  const Json guaranteed = c.create(with("guaranteed", {{"limits", same}}));
  EXPECT_EQ(text_at(guaranteed, "/status/qosClass"), "Guaranteed");
  EXPECT_EQ(at(guaranteed, "/spec/containers/0/resources/requests"), same) << "limits default the requests";
  EXPECT_EQ(text_at(c.create(with("burstable", {{"requests", same}})), "/status/qosClass"), "Burstable");
  c.refused(c.client().create(pods, with("upside-down", {{"requests", {{"cpu", "2"}}}, {"limits", {{"cpu", "1"}}}})), 422, "Invalid");
  Json twice = c.object("plain");
  twice["metadata"]["name"] = "twice";
  twice["spec"]["containers"].push_back(twice["spec"]["containers"][0]);
  c.refused(c.client().create(pods, twice), 422, "Invalid");
  Json empty = c.object("plain");
  empty["metadata"]["name"] = "empty";
  empty["spec"]["containers"] = Json::array();
  c.refused(c.client().create(pods, empty), 422, "Invalid");
  c.refused(c.client().patch(pods, "plain", PatchKind::merge, {{"spec", {{"restartPolicy", "Never"}}}}), 422, "Invalid");
  const Json moved = c.must(c.client().patch(pods, "plain", PatchKind::strategic, {{"spec", {{"containers", {{{"name", "main"}, {"image", "other"}}}}}}}));
  EXPECT_EQ(text_at(moved, "/spec/containers/0/image"), "other") << "the image may change";
}
