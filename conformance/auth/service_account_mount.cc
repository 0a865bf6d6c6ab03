#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(auth, service_account_mount,
                  {.requirement = "A pod's containers MUST find the token, CA and namespace of their service account mounted, the token MUST "
                                  "authenticate the account, and there MUST be none where the pod or its account opts out.",
                   .covers = {"Service Account Tokens Must AutoMount", "Service account tokens auto mount optionally"},
                   .needs = {"image"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount/";
  c.await_ready("mounted");
  const std::string token = c.output("mounted", {"cat", folder + "token"});
  EXPECT_EQ(c.output("mounted", {"cat", folder + "namespace"}), c.space());
  const Json map = c.must(c.client().get(c.in("v1", "configmaps"), "kube-root-ca.crt"));
  EXPECT_EQ(c.output("mounted", {"cat", folder + "ca.crt"}), text_at(map, "/data/ca.crt").substr(0, text_at(map, "/data/ca.crt").find_last_not_of('\n') + 1));
  const Json review{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenReview"}, {"spec", {{"token", token}}}};
  const Json judged = c.must(c.client().create({"authentication.k8s.io/v1", "tokenreviews", ""}, review));
  EXPECT_EQ(text_at(judged, "/status/user/username"), "system:serviceaccount:" + c.space() + ":willing");

  const auto mounts = [&](const std::string& account, const Json& wish) {
    Json pod = c.object("mounted");
    pod["metadata"]["name"] = account + "-" + (wish.is_null() ? "unset" : wish == true ? "yes" : "no");
    pod["spec"]["serviceAccountName"] = account;
    if (!wish.is_null()) pod["spec"]["automountServiceAccountToken"] = wish;
    const Json made = c.must(c.client().create(c.pods(), pod, {{"dryRun", "All"}}));
    for (const Json& mount : at(made, "/spec/containers/0/volumeMounts", Json::array())) {
      if (text_at(mount, "/mountPath") + "/" == folder) return true;
    }
    return false;
  };
  for (const char* account : {"indifferent", "willing"}) {
    EXPECT_TRUE(mounts(account, nullptr)) << account;
    EXPECT_TRUE(mounts(account, true)) << account;
    EXPECT_FALSE(mounts(account, false)) << account;
  }
  EXPECT_FALSE(mounts("unwilling", nullptr));
  EXPECT_TRUE(mounts("unwilling", true)) << "the pod's own wish wins";
  EXPECT_FALSE(mounts("unwilling", false));
  c.await_ready("without");
  EXPECT_EQ(c.exec("without", {"cat", folder + "token"}).exit_code, 1);
}
