#include <gtest/gtest.h>

#include "harness/runner/conformance_test.h"
#include "harness/runner/expect.h"

PLUMB_CONFORMANCE(auth, service_account_token,
                  {.requirement = "A token requested for a service account MUST authenticate as that account and its groups until the account is gone, and a made-up token "
                                  "MUST authenticate nobody.",
                   .covers = {"ServiceAccount, create and review token"}}) {
  using namespace plumb::harness;
  const Resource accounts = c.in("v1", "serviceaccounts");
  const Json account = c.apply("robot");
  const Json request{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", {{"expirationSeconds", 3600}}}};
  const Json answer = c.must(c.client().create(accounts, request, {}, "robot", "token"));
  const std::string token = text_at(answer, "/status/token");
  c.require(!token.empty(), "a TokenRequest is answered with a token");
  EXPECT_FALSE(text_at(answer, "/status/expirationTimestamp").empty());

  const auto review = [&](const std::string& what) {
    const Json body{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenReview"}, {"spec", {{"token", what}}}};
    return c.must(c.client().create({"authentication.k8s.io/v1", "tokenreviews", ""}, body));
  };
  const Json good = review(token);
  EXPECT_TRUE(at(good, "/status/authenticated") == true);
  EXPECT_EQ(text_at(good, "/status/user/username"), "system:serviceaccount:" + c.space() + ":robot");
  EXPECT_EQ(text_at(good, "/status/user/uid"), text_at(account, "/metadata/uid"));
  const Json groups = at(good, "/status/user/groups", Json::array());
  for (const std::string& group : {std::string("system:serviceaccounts"), "system:serviceaccounts:" + c.space(), std::string("system:authenticated")}) {
    EXPECT_TRUE(has(groups, group));
  }
  EXPECT_FALSE(at(review(token + "x"), "/status/authenticated") == true);

  const auto robot = c.with_token(token);
  c.refused(robot->list(c.in("v1", "pods")), 403, "Forbidden");
  c.refused(c.with_token(token + "x")->list(c.in("v1", "pods")), 401, "Unauthorized");
  c.refused(c.client().create(accounts, {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}, {"spec", {{"expirationSeconds", 5}}}}, {}, "robot", "token"),
            422, "Invalid");
  c.must(c.client().remove(accounts, "robot"));
  c.eventually("the token of a deleted account to be refused", [&] { return robot->list(c.in("v1", "pods")).error().http_status == 401; });
}
