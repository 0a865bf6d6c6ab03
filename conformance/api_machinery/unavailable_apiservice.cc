#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(api_machinery, unavailable_apiservice,
                  {.requirement = "Every group version of the API MUST have an available APIService; one whose Service is not there MUST be reported as unavailable with the reason, "
                                  "its requests MUST be refused as unavailable and those to others MUST NOT, and its group MUST go with it.",
                   .serial = true}) {
  using namespace plumb::harness;
  const Resource services{"apiregistration.k8s.io/v1", "apiservices", ""};
  const auto available = [&](const Json& service) {
    for (const Json& condition : at(service, "/status/conditions", Json::array()))
      if (text_at(condition, "/type") == "Available") return condition;
    return Json();
  };
  for (const char* name : {"v1.", "v1.apps", "v1.rbac.authorization.k8s.io"}) {
    const Json service = c.must(c.client().get(services, name));
    EXPECT_EQ(text_at(available(service), "/status"), "True") << name;
    EXPECT_EQ(text_at(available(service), "/reason"), "Local") << name;
  }

  const std::string group = c.unique("group") + ".example.com", name = "v1alpha1." + group, path = "/apis/" + group;
  c.create({{"apiVersion", "apiregistration.k8s.io/v1"},
            {"kind", "APIService"},
            {"metadata", {{"name", name}}},
            {"spec", {{"group", group}, {"version", "v1alpha1"}, {"groupPriorityMinimum", 100}, {"versionPriority", 10}, {"service", {{"namespace", c.space()}, {"name", "nobody"}}}}}});
  c.eventually("the APIService to be unavailable", [&] {
    const Json condition = available(c.must(c.client().get(services, name)));
    return text_at(condition, "/status") == "False" && text_at(condition, "/reason") == "ServiceNotFound";
  });
  EXPECT_EQ(at(c.must(c.client().get(services, name)), "/spec/service/port"), 443);
  c.eventually("its requests to be refused", [&] {
    const auto refused = c.client().call("GET", path + "/v1alpha1/things", nullptr);
    return !refused.ok() && refused.error().http_status == 503;
  });
  const Json groups = c.must(c.client().call("GET", "/apis", nullptr));
  bool listed = false;
  for (const Json& each : groups["groups"]) listed = listed || text_at(each, "/name") == group;
  EXPECT_TRUE(listed);
  EXPECT_EQ(text_at(c.must(c.client().call("GET", path, nullptr)), "/preferredVersion/version"), "v1alpha1");
  c.must(c.client().call("GET", "/apis/apps/v1/deployments", nullptr));

  c.must(c.client().remove(services, name));
  c.eventually("its group to be gone", [&] {
    const auto gone = c.client().call("GET", path, nullptr);
    return !gone.ok() && gone.error().http_status == 404;
  });
}
