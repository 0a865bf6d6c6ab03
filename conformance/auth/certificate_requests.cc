#include <gtest/gtest.h>

#include "conformance/auth/signing_request.h"
#include "conformance/api_operations.h"

PLUMB_CONFORMANCE(auth, certificate_requests,
                  {.requirement = "CertificateSigningRequests MUST be in discovery and be created, read, listed, watched, updated, patched and deleted, one by one and together; "
                                  "they are approved through the approval subresource and get their certificate through the status subresource, and through no other.",
                   .covers = {"CertificateSigningRequest API"}}) {
  using namespace plumb::harness;
  const Resource requests{"certificates.k8s.io/v1", "certificatesigningrequests", ""};
  const auto request = [&](const std::string& name) {
    return Json{{"apiVersion", "certificates.k8s.io/v1"}, {"kind", "CertificateSigningRequest"}, {"metadata", {{"name", c.unique(name)}}},
                {"spec", {{"request", signing_request}, {"signerName", "plumb.io/nobody"}, {"expirationSeconds", 3600}, {"usages", {"digital signature", "client auth"}}}}};
  };
  ApiOperations api{"certificates.k8s.io", "v1", "certificatesigningrequests", {request("one"), request("two"), request("three")}};
  expect_api_operations(c, api);

  const std::string name = name_of(c.create(request("four")));
  const Json resources = c.must(c.client().call("GET", "/apis/certificates.k8s.io/v1", nullptr))["resources"];
  for (const char* subresource : {"approval", "status"}) {
    Json verbs;
    for (const Json& each : resources)
      if (text_at(each, "/name") == "certificatesigningrequests/" + std::string(subresource)) verbs = each["verbs"];
    for (const char* verb : {"get", "patch", "update"}) EXPECT_TRUE(has(verbs, verb)) << subresource;
    EXPECT_EQ(name_of(c.must(c.client().get(requests, name, subresource))), name);
  }
  const Json approval = {{"status", {{"conditions", {{{"type", "Approved"}, {"status", "True"}, {"reason", "Tested"}, {"message", "by a test"}}}}}}};
  EXPECT_FALSE(has_condition(c.must(c.client().patch(requests, name, PatchKind::merge, approval)), "Approved")) << "the request itself approves nothing";
  c.refused(c.client().patch(requests, name, PatchKind::merge, approval, "status"), 422, "Invalid");
  c.must(c.client().patch(requests, name, PatchKind::merge, approval, "approval"));
  Json now = c.must(c.client().get(requests, name, "approval"));
  EXPECT_TRUE(has_condition(now, "Approved")) << now["status"].dump();
  now["metadata"]["annotations"]["updated"] = "true";
  EXPECT_EQ(text_at(c.must(c.client().update(requests, now, "approval")), "/metadata/annotations/updated"), "true");

  const Json issued = {{"status", {{"certificate", certificate}}}};
  c.must(c.client().patch(requests, name, PatchKind::merge, issued, "approval"));
  EXPECT_EQ(text_at(c.must(c.client().get(requests, name)), "/status/certificate"), "") << "an approver issues nothing";
  c.must(c.client().patch(requests, name, PatchKind::merge, issued, "status"));
  now = c.must(c.client().get(requests, name, "status"));
  EXPECT_EQ(text_at(now, "/status/certificate"), certificate);
  EXPECT_TRUE(has_condition(now, "Approved"));
  now["metadata"]["annotations"]["statusUpdated"] = "true";
  EXPECT_EQ(text_at(c.must(c.client().update(requests, now, "status")), "/metadata/annotations/statusUpdated"), "true");
  c.must(c.client().remove(requests, name));
  c.await_gone(requests, name);
}
