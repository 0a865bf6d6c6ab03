#include "harness/net/crypto.h"

#include <gtest/gtest.h>

#include "harness/base/encoding.h"

namespace plumb::net {
namespace {

using namespace std::chrono_literals;

const WallTime kNow(1'700'000'000s);

TEST(Crypto, DigestsOfKnownInputs) {
  EXPECT_EQ(hex_encode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex_encode(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_encode(hmac_sha256("Jefe", "what do ya want for nothing?")), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(equal_constant_time("ab", "ab"));
  EXPECT_FALSE(equal_constant_time("ab", "abc"));
}

TEST(Crypto, IssuesCertificatesThatVerify) {
  const auto ca = make_authority("kubernetes-ca", kNow, kNow + 1000h).value();
  const auto pair = issue_certificate(ca, {.common_name = "system:node:n1", .organizations = {"system:nodes"}, .dns_names = {"n1", "*.n1"},
                                           .ip_addresses = {"10.0.0.1", "fd00::1"}, .for_server = true, .for_client = true,
                                           .not_before = kNow, .not_after = kNow + 10h}).value();
  const auto info = parse_certificate(pair.certificate_pem).value();
  EXPECT_EQ(info.common_name, "system:node:n1");
  EXPECT_EQ(info.organizations, std::vector<std::string>{"system:nodes"});
  EXPECT_EQ(info.dns_names, (std::vector<std::string>{"n1", "*.n1"}));
  EXPECT_EQ(info.ip_addresses, (std::vector<std::string>{"10.0.0.1", "fd00::1"}));
  EXPECT_EQ(info.issuer, "CN=kubernetes-ca");
  EXPECT_EQ(info.not_before, kNow);
  EXPECT_EQ(info.not_after, kNow + 10h);
  EXPECT_FALSE(info.is_ca);
  EXPECT_TRUE(info.for_server && info.for_client);
  EXPECT_EQ(info.key_usages, (std::vector<std::string>{"digital signature", "key encipherment", "server auth", "client auth"}));
  EXPECT_EQ(parse_certificate(certificate_pem(info.der))->serial, info.serial);
  EXPECT_TRUE(parse_certificate(ca.certificate_pem)->is_ca);
  EXPECT_TRUE(verify_certificate(pair.certificate_pem, ca.certificate_pem, kNow + 1h).ok());
  EXPECT_FALSE(verify_certificate(pair.certificate_pem, ca.certificate_pem, kNow + 11h).ok());
  const auto other = make_authority("kubernetes-ca", kNow, kNow + 1000h).value();
  EXPECT_FALSE(verify_certificate(pair.certificate_pem, other.certificate_pem, kNow + 1h).ok());
  EXPECT_FALSE(issue_certificate(ca, {.ip_addresses = {"not an address"}}).ok());
}

TEST(Crypto, SignsRequests) {
  const auto ca = make_authority("ca", kNow, kNow + 1000h).value();
  const auto key = generate_ec_key().value();
  const auto request = make_signing_request(key, {.common_name = "system:node:x", .organizations = {"system:nodes"}, .dns_names = {"x"}}).value();
  const auto parsed = parse_signing_request(request).value();
  EXPECT_EQ(parsed.subject.common_name, "system:node:x");
  EXPECT_EQ(parsed.subject.dns_names, std::vector<std::string>{"x"});
  EXPECT_EQ(parsed.public_key_pem, public_key_of(key).value());
  const auto certificate = sign_request(ca, request, false, true, kNow, kNow + 1h).value();
  const auto info = parse_certificate(certificate).value();
  EXPECT_EQ(info.common_name, "system:node:x");
  EXPECT_EQ(info.dns_names, std::vector<std::string>{"x"});
  EXPECT_TRUE(info.for_client && !info.for_server);
  EXPECT_TRUE(verify_certificate(certificate, ca.certificate_pem, kNow + 30min).ok());
  std::string forged = request;
  forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(parse_signing_request(forged).ok());
}

TEST(Crypto, JwsSignaturesVerifyOnlyWhenUntouched) {
  for (const auto& [key, algorithm, size] : {std::tuple(generate_ec_key().value(), "ES256", std::size_t{64}),
                                             std::tuple(generate_rsa_key().value(), "RS256", std::size_t{256})}) {
    EXPECT_EQ(jws_algorithm(key).value(), algorithm);
    std::string signature = jws_sign(key, "header.payload").value();
    EXPECT_EQ(signature.size(), size);
    const std::string open = public_key_of(key).value();
    EXPECT_TRUE(jws_verify(open, "header.payload", signature).ok());
    EXPECT_FALSE(jws_verify(open, "header.payloae", signature).ok());
    signature[5] = static_cast<char>(signature[5] ^ 1);
    EXPECT_FALSE(jws_verify(open, "header.payload", signature).ok());
    EXPECT_FALSE(jws_verify(open, "header.payload", "").ok());
    EXPECT_EQ(jwk_numbers(open)->algorithm, algorithm);
    EXPECT_EQ(jwk_numbers(open)->first.size(), size == 64 ? 32u : 256u);
  }
}

TEST(Crypto, MalformedInputIsAnError) {
  EXPECT_FALSE(parse_certificate("rubbish").ok());
  EXPECT_FALSE(parse_signing_request("").ok());
  EXPECT_FALSE(jws_sign("rubbish", "x").ok());
  EXPECT_FALSE(jws_algorithm("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").ok());
  EXPECT_FALSE(generate_rsa_key(512).ok());
}

}  // namespace
}  // namespace plumb::net
