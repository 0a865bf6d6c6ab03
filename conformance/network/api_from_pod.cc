#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(network, api_from_pod,
                  {.requirement = "A pod MUST reach the API server at the address and port of its variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, and MUST find there a token that the "
                                  "server takes for its service account, and the cluster's certificate.",
                   .needs = {"image", "services"}}) {
  using namespace plumb::harness;
  const std::string files = "/var/run/secrets/kubernetes.io/serviceaccount/";
  c.start("client");
  const std::string host = c.output("client", {"env", "KUBERNETES_SERVICE_HOST"}), port = c.output("client", {"env", "KUBERNETES_SERVICE_PORT"});
  const Json kubernetes = c.must(c.client().get({"v1", "services", "default"}, "kubernetes"));
  EXPECT_TRUE(has(host, text_at(kubernetes, "/spec/clusterIP")));
  EXPECT_TRUE(has(port, std::to_string(int_at(kubernetes, "/spec/ports/0/port"))));
  const std::string place = text_at(kubernetes, "/spec/clusterIP") + ":" + std::to_string(int_at(kubernetes, "/spec/ports/0/port"));
  c.eventually("a connection to " + place, [&] { return c.exec("client", {"tcp", place, "--timeout", "2"}).exit_code == 0; });
  EXPECT_EQ(c.output("client", {"cat", files + "namespace"}), c.space());
  const Json bundle = c.must(c.client().get(c.in("v1", "configmaps"), "kube-root-ca.crt"));
  EXPECT_TRUE(has(text_at(bundle, "/data/ca.crt"), c.output("client", {"cat", files + "ca.crt"})));
  const auto account = c.with_token(c.output("client", {"cat", files + "token"}));
  const Json self = c.must(account->create({"authentication.k8s.io/v1", "selfsubjectreviews", ""}, {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}}));
  EXPECT_EQ(text_at(self, "/status/userInfo/username"), "system:serviceaccount:" + c.space() + ":default");
}
