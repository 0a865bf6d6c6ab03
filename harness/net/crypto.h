// Keys, certificates, digests and signatures as plain text and bytes; OpenSSL stays in the source file. All functions are
// thread-safe. Keys are secrets: never log what these return.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::net {

std::string sha256(std::string_view data);  // 32 bytes, as are the results of the next two but sha1
std::string sha1(std::string_view data);    // 20 bytes; for protocols that demand it, not for security
std::string hmac_sha256(std::string_view key, std::string_view data);
bool equal_constant_time(std::string_view a, std::string_view b);

// Private keys, PEM (PKCS#8).
Result<std::string> generate_ec_key();              // P-256
Result<std::string> generate_rsa_key(int bits = 2048);
Result<std::string> public_key_of(std::string_view private_key_pem);  // PEM (SubjectPublicKeyInfo)

struct CertificateInfo {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> organizational_units;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  std::vector<std::string> uris;
  std::vector<std::string> emails;
  std::string issuer;         // "CN=kubernetes-ca, O=..."
  std::string serial;         // hex
  WallTime not_before, not_after;
  bool is_ca = false;
  bool for_server = false, for_client = false;  // extended key usage
  std::vector<std::string> key_usages;          // as the Kubernetes API names them: "digital signature", "client auth", ...
  std::string der;
};
// The first certificate of a PEM text.
Result<CertificateInfo> parse_certificate(std::string_view pem);
std::string certificate_pem(std::string_view der);

struct CertificateAuthority {
  std::string certificate_pem;
  std::string key_pem;
};
Result<CertificateAuthority> make_authority(const std::string& common_name, WallTime not_before, WallTime not_after);

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  bool for_server = false;
  bool for_client = false;
  WallTime not_before, not_after;
};
struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;
};
// A new P-256 key with a certificate of the authority.
Result<KeyPair> issue_certificate(const CertificateAuthority& authority, const CertificateRequest& request);

// PKCS#10, as certificate signing requests carry them (PEM).
struct SigningRequestInfo {
  CertificateInfo subject;  // names only
  std::string public_key_pem;
};
Result<std::string> make_signing_request(std::string_view key_pem, const CertificateRequest& request);
// Checks the request's own signature too.
Result<SigningRequestInfo> parse_signing_request(std::string_view pem);
// The certificate alone: subject and key are the signing request's, usages and validity the arguments'.
Result<std::string> sign_request(const CertificateAuthority& authority, std::string_view request_pem, bool for_server, bool for_client,
                                 WallTime not_before, WallTime not_after);
// Success when the certificate was signed by a CA of the bundle and is valid at `now`.
Status verify_certificate(std::string_view certificate_pem, std::string_view ca_bundle_pem, WallTime now);

// JWS signatures. The key decides: RSA keys sign RS256, P-256 keys ES256 (raw r || s, as JWS wants it).
Result<std::string> jws_algorithm(std::string_view key_pem);  // "RS256" or "ES256", from a private or public key
Result<std::string> jws_sign(std::string_view private_key_pem, std::string_view data);
// Success only when the signature is right. Accepts a public key, a private key or a certificate as PEM.
Status jws_verify(std::string_view key_pem, std::string_view data, std::string_view signature);

// A public key's numbers for a JWK, big-endian bytes: {n, e} of RSA or {x, y} of P-256.
struct JwkNumbers {
  std::string algorithm;
  std::string first, second;
};
Result<JwkNumbers> jwk_numbers(std::string_view key_pem);

}  // namespace plumb::net
