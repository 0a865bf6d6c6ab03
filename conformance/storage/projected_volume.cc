#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(storage, projected_volume,
                  {.requirement = "A projected volume MUST show secrets, config maps, the pod's own fields and resources, and a service account "
                                  "token for the asked audience side by side, with their modes, and follow changed labels and annotations.",
                   .covers = {"Projected Volume, multiple projections", "DownwardAPI volume, pod name", "DownwardAPI volume, update label",
                              "DownwardAPI volume, update annotations",
                              "TokenRequestProjection should mount a projected volume with token using TokenRequest API."},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  c.await_ready("reader");
  const auto file = [&](const std::string& path) { return c.output("reader", {"cat", path}); };
  const std::map<std::string, std::string> wanted{{"secret", "hidden"}, {"map", "shown"}, {"name", "reader"}, {"cpu-limit", "1"}, {"cpu-request", "250"},
                                                  {"memory-limit", "64"}, {"memory-request", "33554432"}};
  for (const auto& [name, value] : wanted) EXPECT_EQ(file("/all/" + name), value) << name;
  EXPECT_EQ(file("/fields/name"), "reader");
  EXPECT_TRUE(has(c.output("reader", {"file", "/all/secret", "--follow"}), "mode=0400"));
  const Json review{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenReview"}, {"spec", {{"token", file("/all/token")}, {"audiences", {"plumb.test"}}}}};
  const Json judged = c.must(c.client().create({"authentication.k8s.io/v1", "tokenreviews", ""}, review));
  EXPECT_TRUE(at(judged, "/status/authenticated") == true) << judged.dump();
  EXPECT_EQ(text_at(judged, "/status/user/username"), "system:serviceaccount:" + c.space() + ":default");
  EXPECT_EQ(at(judged, "/status/user/extra/authentication.kubernetes.io~1pod-name"), Json::array({"reader"}));
  c.must(c.client().patch(c.pods(), "reader", PatchKind::merge, {{"metadata", {{"labels", {{"colour", "green"}, {"size", "large"}}}, {"annotations", {{"note", "two"}}}}}}));
  c.eventually("the new label to show", [&] { return file("/fields/labels") == "colour=\"green\"\nsize=\"large\""; }, timeouts::rollout);
  c.eventually("the new annotation to show", [&] { return file("/fields/annotations").find("note=\"two\"") != std::string::npos; }, timeouts::rollout);
}
