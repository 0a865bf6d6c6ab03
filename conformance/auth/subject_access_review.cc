#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"

PLUMB_CONFORMANCE(auth, subject_access_review,
                  {.requirement = "Access reviews MUST answer for a user exactly what RBAC grants that user: the verb, resource, name and namespace of the bound role, and "
                                  "nothing beyond.",
                   .covers = {"SubjectReview, API Operations"}}) {
  using namespace plumb::harness;
  c.apply_manifest();
  const std::string user = c.unique("reader");
  const auto allowed = [&](const std::string& who, const Json& attributes) {
    const Json review{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SubjectAccessReview"}, {"spec", {{"user", who}, {"resourceAttributes", attributes}}}};
    return at(c.must(c.client().create({"authorization.k8s.io/v1", "subjectaccessreviews", ""}, review)), "/status/allowed") == true;
  };
  const auto on = [&](const std::string& verb, const std::string& resource, const std::string& name = {}) {
    return Json{{"namespace", c.space()}, {"verb", verb}, {"resource", resource}, {"name", name}};
  };
  c.eventually("the role binding to be seen", [&] { return allowed(user, on("get", "configmaps", "visible")); });
  EXPECT_TRUE(allowed(user, on("list", "pods")));
  EXPECT_FALSE(allowed(user, on("get", "configmaps", "hidden"))) << "the role names one config map";
  EXPECT_FALSE(allowed(user, on("delete", "pods")));
  EXPECT_FALSE(allowed(user, on("list", "secrets")));
  EXPECT_FALSE(allowed(c.unique("stranger"), on("list", "pods")));
  EXPECT_FALSE(allowed(user, {{"namespace", "default"}, {"verb", "list"}, {"resource", "pods"}}));

  const auto reader = c.as(user);
  const Json self{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "SelfSubjectAccessReview"}, {"spec", {{"resourceAttributes", on("list", "pods")}}}};
  EXPECT_TRUE(at(c.must(reader->create({"authorization.k8s.io/v1", "selfsubjectaccessreviews", ""}, self)), "/status/allowed") == true);
  const Json local{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "LocalSubjectAccessReview"}, {"metadata", {{"namespace", c.space()}}},
                   {"spec", {{"user", user}, {"resourceAttributes", on("list", "pods")}}}};
  EXPECT_TRUE(at(c.must(c.client().create(c.in("authorization.k8s.io/v1", "localsubjectaccessreviews"), local)), "/status/allowed") == true);

  // The same for a service account.
  const std::string robot = "system:serviceaccount:" + c.space() + ":robot";
  const auto as_robot = c.as(robot, {"system:serviceaccounts", "system:serviceaccounts:" + c.space(), "system:authenticated"});
  for (const auto& [verb, resource] : {std::pair("list", "pods"), std::pair("list", "secrets"), std::pair("delete", "pods")}) {
    const bool expected = std::string(resource) == "pods" && std::string(verb) == "list";
    const Json attributes = on(verb, resource);
    EXPECT_EQ(allowed(robot, attributes), expected) << verb << " " << resource;
    const Json here{{"apiVersion", "authorization.k8s.io/v1"}, {"kind", "LocalSubjectAccessReview"}, {"metadata", {{"namespace", c.space()}}},
                    {"spec", {{"user", robot}, {"resourceAttributes", attributes}}}};
    EXPECT_EQ(at(c.must(c.client().create(c.in("authorization.k8s.io/v1", "localsubjectaccessreviews"), here)), "/status/allowed") == true, expected) << verb << " " << resource;
    const auto called = std::string(verb) == "list" ? as_robot->list(c.in("v1", resource)) : as_robot->remove(c.in("v1", resource), "any");
    EXPECT_EQ(called.ok(), expected) << verb << " " << resource;
    if (!expected) c.refused(called, 403, "Forbidden");
  }

  EXPECT_TRUE(reader->list(c.in("v1", "pods")).ok());
  EXPECT_TRUE(reader->get(c.in("v1", "configmaps"), "visible").ok());
  c.refused(reader->get(c.in("v1", "configmaps"), "hidden"), 403, "Forbidden");
  c.refused(reader->list(c.in("v1", "secrets")), 403, "Forbidden");
  c.refused(reader->remove(c.in("v1", "pods"), "any"), 403, "Forbidden");
}
