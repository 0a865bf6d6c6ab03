#include "harness/base/encoding.h"
#include "harness/net/crypto.h"
#include "reference/resources/shared/table_test.h"

namespace plumb::resources::testing {
namespace {

constexpr const char* requests = "certificatesigningrequests.certificates.k8s.io";

const net::KeyPair& issued() {
  static const net::KeyPair pair = [] {
    const WallTime from = time("2024-01-01T00:00:00Z"), until = time("2034-01-01T00:00:00Z");
    net::CertificateRequest subject;
    subject.common_name = "somebody";
    subject.not_before = from;
    subject.not_after = until;
    return *net::issue_certificate(*net::make_authority("ca", from, until), subject);
  }();
  return pair;
}

// With more fields of the spec, and a status.
std::string request(const std::string& spec, const std::string& status = "{}") {
  static const std::string wanted = [] {
    net::CertificateRequest subject;
    subject.common_name = "somebody";
    return base64_encode(*net::make_signing_request(*net::generate_ec_key(), subject));
  }();
  return R"({"metadata":{"name":"r"},"spec":{"request":")" + wanted + R"(","usages":["client auth"])" + spec + R"(},"status":)" + status + "}";
}

std::string signer(const std::string& name) { return R"(,"signerName":")" + name + "\""; }
const std::string usual = signer("example.com/signer");
std::string conditions(const std::string& list) { return R"({"conditions":[)" + list + "]}"; }
std::string verdict(const std::string& type, const std::string& reason = "r") { return R"({"type":")" + type + R"(","status":"True","reason":")" + reason + "\"}"; }

TEST(SigningRequests, Fields) {
  EXPECT_EQ(causes(requests, request(usual)), Lines{});
  EXPECT_EQ(causes(requests, R"({"metadata":{"name":"r"},"spec":{"request":"aGk=","signerName":"example.com/s"}})").size(), 2u);
  EXPECT_EQ(causes(requests, request("")), Lines{"spec.signerName: Required value"});
  EXPECT_EQ(causes(requests, request(usual + R"(,"expirationSeconds":599)")),
            Lines{"spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)"});
  EXPECT_EQ(causes(requests, request(signer("kubernetes.io/legacy-unknown"))).size(), 1u);
  EXPECT_EQ(causes(requests, request(signer("example.com"))).size(), 1u);
  EXPECT_EQ(causes(requests, request(signer("example/signer"))).size(), 1u);
}

TEST(SigningRequests, VerdictsExcludeEachOther) {
  EXPECT_EQ(causes(requests, request(usual, conditions(verdict("Approved") + "," + verdict("Denied")))),
            Lines{R"(status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive)"});
  EXPECT_EQ(causes(requests, request(usual, conditions(R"({"type":"Approved","status":"False"})"))),
            Lines{R"(status.conditions[0].status: Unsupported value: "False": supported values: "True")"});
}

TEST(SigningRequests, StatusNeitherApprovesNorTakesBack) {
  const std::string none = request(usual), approved = request(usual, conditions(verdict("Approved")));
  EXPECT_EQ(status_causes(requests, none, approved), Lines{R"(status.conditions: Forbidden: updates may not add a condition of type "Approved")"});
  EXPECT_EQ(status_causes(requests, approved, none), Lines{R"(status.conditions: Forbidden: updates may not remove a condition of type "Approved")"});
  EXPECT_EQ(status_causes(requests, approved, request(usual, conditions(verdict("Approved", "other")))),
            Lines{R"(status.conditions: Forbidden: updates may not modify a condition of type "Approved")"});
  EXPECT_EQ(status_causes(requests, none, request(usual, conditions(verdict("Failed")))), Lines{});
}

TEST(SigningRequests, ACertificateIsGivenOnce) {
  const std::string none = request(usual);
  const std::string given = request(usual, R"({"certificate":")" + base64_encode(issued().certificate_pem) + "\"}");
  EXPECT_EQ(status_causes(requests, none, given), Lines{});
  EXPECT_EQ(status_causes(requests, given, none), Lines{"status.certificate: Forbidden: updates may not modify existing certificate content"});
  EXPECT_EQ(status_causes(requests, none, request(usual, R"({"certificate":"aGk="})")).size(), 1u);
}

}  // namespace
}  // namespace plumb::resources::testing
