#include "harness/net/crypto.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

#include "harness/base/encoding.h"

namespace plumb::net {

namespace {

template <class T, void (*F)(T*)>
struct Free {
  void operator()(T* pointer) const { F(pointer); }
};
template <class T, void (*F)(T*)>
using Ptr = std::unique_ptr<T, Free<T, F>>;
using KeyPtr = Ptr<EVP_PKEY, EVP_PKEY_free>;
using X509Ptr = Ptr<X509, X509_free>;
using ReqPtr = Ptr<X509_REQ, X509_REQ_free>;
using DigestPtr = Ptr<EVP_MD_CTX, EVP_MD_CTX_free>;
using SigPtr = Ptr<ECDSA_SIG, ECDSA_SIG_free>;
using BnPtr = Ptr<BIGNUM, BN_free>;
using NamesPtr = Ptr<GENERAL_NAMES, GENERAL_NAMES_free>;
using StorePtr = Ptr<X509_STORE, X509_STORE_free>;
using StoreContextPtr = Ptr<X509_STORE_CTX, X509_STORE_CTX_free>;
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

constexpr std::size_t kP256 = 32;  // bytes of one coordinate

Error failed(const char* attempted) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  return fail(Code::invalid_argument, std::string(attempted) + ": " + (reason ? reason : "not usable"));
}

// An encrypted key is an error, not a prompt on the terminal.
int no_password(char*, int, int, void*) { return -1; }

BioPtr reader(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }
BioPtr writer() { return BioPtr(BIO_new(BIO_s_mem())); }
std::string contents(const BioPtr& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<KeyPtr> private_key(std::string_view pem) {
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_password, nullptr));
  if (!key) return failed("reading a private key");
  return key;
}
Result<X509Ptr> certificate(std::string_view pem) {
  ERR_clear_error();
  X509Ptr result(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
  if (!result) return failed("reading a certificate");
  return result;
}
Result<ReqPtr> signing_request(std::string_view pem) {
  ERR_clear_error();
  ReqPtr result(PEM_read_bio_X509_REQ(reader(pem).get(), nullptr, nullptr, nullptr));
  if (!result) return failed("reading a certificate signing request");
  return result;
}
// Of any PEM that holds one: public key, private key or certificate.
Result<KeyPtr> any_key(std::string_view pem) {
  ERR_clear_error();
  KeyPtr key(PEM_read_bio_PUBKEY(reader(pem).get(), nullptr, nullptr, nullptr));
  if (!key) key.reset(PEM_read_bio_PrivateKey(reader(pem).get(), nullptr, no_password, nullptr));
  if (!key) {
    const X509Ptr from(PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr));
    if (from) key.reset(X509_get_pubkey(from.get()));
  }
  if (!key) return failed("reading a public key");
  ERR_clear_error();
  return key;
}

std::string key_pem(EVP_PKEY* key) {
  const BioPtr bio = writer();
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return contents(bio);
}
std::string public_pem(EVP_PKEY* key) {
  const BioPtr bio = writer();
  PEM_write_bio_PUBKEY(bio.get(), key);
  return contents(bio);
}
std::string x509_pem(X509* from) {
  const BioPtr bio = writer();
  PEM_write_bio_X509(bio.get(), from);
  return contents(bio);
}

std::string digest(const EVP_MD* kind, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  EVP_Digest(data.data(), data.size(), out.data(), &size, kind, nullptr);
  return {reinterpret_cast<char*>(out.data()), size};
}

std::vector<std::string> name_entries(X509_NAME* name, int nid) {
  std::vector<std::string> values;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* text = nullptr;
    const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size >= 0) values.emplace_back(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
    OPENSSL_free(text);
  }
  return values;
}

void read_name(X509_NAME* name, CertificateInfo& info) {
  const auto common = name_entries(name, NID_commonName);
  info.common_name = common.empty() ? std::string() : common.back();
  info.organizations = name_entries(name, NID_organizationName);
  info.organizational_units = name_entries(name, NID_organizationalUnitName);
}

std::string one_line(X509_NAME* name) {
  const BioPtr bio = writer();
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return contents(bio);
}

void read_alternatives(const GENERAL_NAMES* names, CertificateInfo& info) {
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    const auto text = [&](const ASN1_STRING* from) {
      return std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(from)), static_cast<std::size_t>(ASN1_STRING_length(from)));
    };
    if (name->type == GEN_DNS) info.dns_names.push_back(text(name->d.dNSName));
    if (name->type == GEN_URI) info.uris.push_back(text(name->d.uniformResourceIdentifier));
    if (name->type == GEN_EMAIL) info.emails.push_back(text(name->d.rfc822Name));
    if (name->type == GEN_IPADD) {
      const std::string raw = text(name->d.iPAddress);
      char buffer[INET6_ADDRSTRLEN];
      if (raw.size() == 4 || raw.size() == 16)
        info.ip_addresses.emplace_back(inet_ntop(raw.size() == 4 ? AF_INET : AF_INET6, raw.data(), buffer, sizeof buffer));
    }
  }
}

WallTime wall_of(const ASN1_TIME* time) {
  static const Ptr<ASN1_TIME, ASN1_TIME_free> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0, seconds = 0;
  ASN1_TIME_diff(&days, &seconds, epoch.get(), time);
  return WallTime(std::chrono::hours(24) * days + std::chrono::seconds(seconds));
}
time_t unix_of(WallTime time) { return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count(); }

void read_usages(X509* from, CertificateInfo& info) {
  static constexpr std::pair<std::uint32_t, const char*> kinds[] = {
      {KU_DIGITAL_SIGNATURE, "digital signature"}, {KU_NON_REPUDIATION, "content commitment"}, {KU_KEY_ENCIPHERMENT, "key encipherment"},
      {KU_DATA_ENCIPHERMENT, "data encipherment"}, {KU_KEY_AGREEMENT, "key agreement"},         {KU_KEY_CERT_SIGN, "cert sign"},
      {KU_CRL_SIGN, "crl sign"}};
  const std::uint32_t usage = X509_get_key_usage(from);
  for (const auto& [bit, name] : kinds)
    if (usage != UINT32_MAX && usage & bit) info.key_usages.emplace_back(name);
  const std::uint32_t extended = X509_get_extended_key_usage(from);
  if (extended == UINT32_MAX) return;
  info.for_server = extended & XKU_SSL_SERVER;
  info.for_client = extended & XKU_SSL_CLIENT;
  if (info.for_server) info.key_usages.emplace_back("server auth");
  if (info.for_client) info.key_usages.emplace_back("client auth");
}

bool add_entry(X509_NAME* name, int nid, const std::string& value) {
  return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()), static_cast<int>(value.size()),
                                    -1, 0) == 1;
}

using ExtensionsPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), decltype([](STACK_OF(X509_EXTENSION) * all) { sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free); })>;

Result<NamesPtr> alternatives(const CertificateRequest& request) {
  NamesPtr names(GENERAL_NAMES_new());
  for (const std::string& dns : request.dns_names) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, dns.data(), static_cast<int>(dns.size()));
    GENERAL_NAME_set0_value(name, GEN_DNS, text);
    sk_GENERAL_NAME_push(names.get(), name);
  }
  for (const std::string& address : request.ip_addresses) {
    ASN1_OCTET_STRING* raw = a2i_IPADDRESS(address.c_str());
    if (!raw) return fail(Code::invalid_argument, "making a certificate: \"" + address + "\" is not an IP address");
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_IPADD, raw);
    sk_GENERAL_NAME_push(names.get(), name);
  }
  return names;
}

bool add_extension(X509* to, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
  const Ptr<X509_EXTENSION, X509_EXTENSION_free> extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(to, extension.get(), -1) == 1;
}

Result<X509Ptr> blank(EVP_PKEY* key, WallTime not_before, WallTime not_after) {
  X509Ptr made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  std::array<unsigned char, 16> serial;
  RAND_bytes(serial.data(), serial.size());
  serial[0] = static_cast<unsigned char>((serial[0] & 0x7f) | 0x40);  // positive, of fixed length
  const BnPtr number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get()));
  if (!ASN1_TIME_set(X509_getm_notBefore(made.get()), unix_of(not_before)) || !ASN1_TIME_set(X509_getm_notAfter(made.get()), unix_of(not_after)) ||
      X509_set_pubkey(made.get(), key) != 1)
    return failed("making a certificate");
  return made;
}

Result<std::string> sign_leaf(const CertificateAuthority& authority, X509* leaf, bool for_server, bool for_client) {
  const X509Ptr issuer = PLUMB_TRY(certificate(authority.certificate_pem));
  const KeyPtr key = PLUMB_TRY(private_key(authority.key_pem));
  X509_set_issuer_name(leaf, X509_get_subject_name(issuer.get()));
  const std::string extended = for_server && for_client ? "serverAuth,clientAuth" : for_server ? "serverAuth" : "clientAuth";
  bool good = add_extension(leaf, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(leaf, issuer.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment") &&
              add_extension(leaf, issuer.get(), NID_authority_key_identifier, "keyid");
  if (for_server || for_client) good = good && add_extension(leaf, issuer.get(), NID_ext_key_usage, extended.c_str());
  if (!good || X509_sign(leaf, key.get(), EVP_sha256()) == 0) return failed("signing a certificate");
  return x509_pem(leaf);
}

bool is_rsa(EVP_PKEY* key) { return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA; }
bool is_p256(EVP_PKEY* key) {
  char name[64] = "";
  std::size_t size = 0;
  return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 && std::string_view(name) == "prime256v1";
}

std::string padded(const BIGNUM* number, std::size_t size) {
  std::string out(size, '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size));
  return out;
}

}  // namespace

std::string sha256(std::string_view data) { return digest(EVP_sha256(), data); }
std::string sha1(std::string_view data) { return digest(EVP_sha1(), data); }

std::string hmac_sha256(std::string_view key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out;
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()), data.size(), out.data(), &size);
  return {reinterpret_cast<char*>(out.data()), size};
}

bool equal_constant_time(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

Result<std::string> generate_ec_key() {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return failed("generating a P-256 key");
  return key_pem(key.get());
}

Result<std::string> generate_rsa_key(int bits) {
  if (bits < 2048 || bits > 8192) return fail(Code::invalid_argument, "generating an RSA key: the size must be 2048 to 8192 bits");
  const KeyPtr key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  if (!key) return failed("generating an RSA key");
  return key_pem(key.get());
}

Result<std::string> public_key_of(std::string_view private_key_pem) { return public_pem(PLUMB_TRY(private_key(private_key_pem)).get()); }

Result<CertificateInfo> parse_certificate(std::string_view pem) {
  const X509Ptr from = PLUMB_TRY(certificate(pem));
  CertificateInfo info;
  read_name(X509_get_subject_name(from.get()), info);
  const NamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(from.get(), NID_subject_alt_name, nullptr, nullptr)));
  read_alternatives(names.get(), info);
  info.issuer = one_line(X509_get_issuer_name(from.get()));
  const BnPtr serial(ASN1_INTEGER_to_BN(X509_get0_serialNumber(from.get()), nullptr));
  if (char* hex = serial ? BN_bn2hex(serial.get()) : nullptr) {
    info.serial = hex;
    OPENSSL_free(hex);
  }
  info.not_before = wall_of(X509_get0_notBefore(from.get()));
  info.not_after = wall_of(X509_get0_notAfter(from.get()));
  info.is_ca = X509_check_ca(from.get()) == 1;
  read_usages(from.get(), info);
  unsigned char* der = nullptr;
  const int size = i2d_X509(from.get(), &der);
  if (size > 0) info.der.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  ERR_clear_error();
  return info;
}

std::string certificate_pem(std::string_view der) {
  const std::string text = base64_encode(der);
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t i = 0; i < text.size(); i += 64) out.append(text, i, 64).append("\n");
  return out + "-----END CERTIFICATE-----\n";
}

Result<CertificateAuthority> make_authority(const std::string& common_name, WallTime not_before, WallTime not_after) {
  CertificateAuthority authority;
  authority.key_pem = PLUMB_TRY(generate_ec_key());
  const KeyPtr key = PLUMB_TRY(private_key(authority.key_pem));
  const X509Ptr made = PLUMB_TRY(blank(key.get(), not_before, not_after));
  X509_NAME* name = X509_get_subject_name(made.get());
  const bool good = add_entry(name, NID_commonName, common_name) && X509_set_issuer_name(made.get(), name) == 1 &&
                    add_extension(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE") &&
                    add_extension(made.get(), made.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment,keyCertSign") &&
                    add_extension(made.get(), made.get(), NID_subject_key_identifier, "hash");
  if (!good || X509_sign(made.get(), key.get(), EVP_sha256()) == 0) return failed("making a CA certificate");
  authority.certificate_pem = x509_pem(made.get());
  return authority;
}

Result<KeyPair> issue_certificate(const CertificateAuthority& authority, const CertificateRequest& request) {
  KeyPair pair;
  pair.key_pem = PLUMB_TRY(generate_ec_key());
  const KeyPtr key = PLUMB_TRY(private_key(pair.key_pem));
  const X509Ptr leaf = PLUMB_TRY(blank(key.get(), request.not_before, request.not_after));
  X509_NAME* name = X509_get_subject_name(leaf.get());
  bool good = true;
  for (const std::string& organization : request.organizations) good = good && add_entry(name, NID_organizationName, organization);
  if (!request.common_name.empty()) good = good && add_entry(name, NID_commonName, request.common_name);
  const NamesPtr names = PLUMB_TRY(alternatives(request));
  if (sk_GENERAL_NAME_num(names.get()) > 0) good = good && X509_add1_ext_i2d(leaf.get(), NID_subject_alt_name, names.get(), 0, 0) == 1;
  if (!good) return failed("naming a certificate");
  pair.certificate_pem = PLUMB_TRY(sign_leaf(authority, leaf.get(), request.for_server, request.for_client));
  return pair;
}

Result<std::string> make_signing_request(std::string_view private_key_pem, const CertificateRequest& request) {
  const KeyPtr key = PLUMB_TRY(private_key(private_key_pem));
  const ReqPtr made(X509_REQ_new());
  X509_NAME* name = X509_REQ_get_subject_name(made.get());
  bool good = true;
  for (const std::string& organization : request.organizations) good = good && add_entry(name, NID_organizationName, organization);
  if (!request.common_name.empty()) good = good && add_entry(name, NID_commonName, request.common_name);
  const NamesPtr names = PLUMB_TRY(alternatives(request));
  if (sk_GENERAL_NAME_num(names.get()) > 0) {
    STACK_OF(X509_EXTENSION)* raw = nullptr;
    good = good && X509V3_add1_i2d(&raw, NID_subject_alt_name, names.get(), 0, 0) == 1;
    const ExtensionsPtr extensions(raw);
    good = good && X509_REQ_add_extensions(made.get(), raw) == 1;
  }
  if (!good || X509_REQ_set_pubkey(made.get(), key.get()) != 1 || X509_REQ_sign(made.get(), key.get(), EVP_sha256()) == 0)
    return failed("making a certificate signing request");
  const BioPtr bio = writer();
  PEM_write_bio_X509_REQ(bio.get(), made.get());
  return contents(bio);
}

Result<SigningRequestInfo> parse_signing_request(std::string_view pem) {
  const ReqPtr from = PLUMB_TRY(signing_request(pem));
  EVP_PKEY* key = X509_REQ_get0_pubkey(from.get());
  if (!key || X509_REQ_verify(from.get(), key) != 1) return failed("checking the signature of a certificate signing request");
  SigningRequestInfo info;
  read_name(X509_REQ_get_subject_name(from.get()), info.subject);
  const ExtensionsPtr extensions(X509_REQ_get_extensions(from.get()));
  if (extensions) {
    const NamesPtr names(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
    read_alternatives(names.get(), info.subject);
  }
  info.public_key_pem = public_pem(key);
  ERR_clear_error();
  return info;
}

Result<std::string> sign_request(const CertificateAuthority& authority, std::string_view request_pem, bool for_server, bool for_client,
                                 WallTime not_before, WallTime not_after) {
  const ReqPtr request = PLUMB_TRY(signing_request(request_pem));
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (!key || X509_REQ_verify(request.get(), key) != 1) return failed("checking the signature of a certificate signing request");
  const X509Ptr leaf = PLUMB_TRY(blank(key, not_before, not_after));
  X509_set_subject_name(leaf.get(), X509_REQ_get_subject_name(request.get()));
  const ExtensionsPtr extensions(X509_REQ_get_extensions(request.get()));
  const int at = extensions ? X509v3_get_ext_by_NID(extensions.get(), NID_subject_alt_name, -1) : -1;
  if (at >= 0 && X509_add_ext(leaf.get(), X509v3_get_ext(extensions.get(), at), -1) != 1) return failed("naming a certificate");
  return sign_leaf(authority, leaf.get(), for_server, for_client);
}

Status verify_certificate(std::string_view pem, std::string_view ca_bundle_pem, WallTime now) {
  const X509Ptr leaf = PLUMB_TRY(certificate(pem));
  const StorePtr store(X509_STORE_new());
  const BioPtr bio = reader(ca_bundle_pem);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    const X509Ptr owned(next);
    X509_STORE_add_cert(store.get(), next);
  }
  const StoreContextPtr context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr);
  X509_STORE_CTX_set_time(context.get(), 0, unix_of(now));
  const int verdict = X509_verify_cert(context.get());
  ERR_clear_error();
  if (verdict == 1) return {};
  return fail(Code::unauthenticated, std::string("verifying a certificate: ") + X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

Result<std::string> jws_algorithm(std::string_view pem) {
  const KeyPtr key = PLUMB_TRY(any_key(pem));
  if (is_rsa(key.get())) return std::string("RS256");
  if (is_p256(key.get())) return std::string("ES256");
  return fail(Code::unsupported, "choosing a signature algorithm: the key is neither RSA nor P-256");
}

Result<std::string> jws_sign(std::string_view private_key_pem, std::string_view data) {
  const KeyPtr key = PLUMB_TRY(private_key(private_key_pem));
  if (!is_rsa(key.get()) && !is_p256(key.get())) return fail(Code::unsupported, "signing: the key is neither RSA nor P-256");
  const DigestPtr context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, data.size()) != 1)
    return failed("signing");
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, data.size()) != 1) return failed("signing");
  signature.resize(size);
  if (is_rsa(key.get())) return signature;
  const auto* der = reinterpret_cast<const unsigned char*>(signature.data());
  const SigPtr parts(d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(signature.size())));
  if (!parts) return failed("signing");
  return padded(ECDSA_SIG_get0_r(parts.get()), kP256) + padded(ECDSA_SIG_get0_s(parts.get()), kP256);
}

Status jws_verify(std::string_view pem, std::string_view data, std::string_view signature) {
  const KeyPtr key = PLUMB_TRY(any_key(pem));
  const Error wrong = fail(Code::unauthenticated, "the signature is wrong");
  std::string der(signature);
  if (is_p256(key.get())) {
    if (signature.size() != 2 * kP256) return wrong;
    const auto* raw = reinterpret_cast<const unsigned char*>(signature.data());
    const SigPtr parts(ECDSA_SIG_new());
    ECDSA_SIG_set0(parts.get(), BN_bin2bn(raw, kP256, nullptr), BN_bin2bn(raw + kP256, kP256, nullptr));
    unsigned char* out = nullptr;
    const int size = i2d_ECDSA_SIG(parts.get(), &out);
    if (size <= 0) return wrong;
    der.assign(reinterpret_cast<char*>(out), static_cast<std::size_t>(size));
    OPENSSL_free(out);
  } else if (!is_rsa(key.get())) {
    return fail(Code::unsupported, "verifying a signature: the key is neither RSA nor P-256");
  }
  const DigestPtr context(EVP_MD_CTX_new());
  const bool good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                     reinterpret_cast<const unsigned char*>(data.data()), data.size()) == 1;
  ERR_clear_error();
  if (!good) return wrong;
  return {};
}

Result<JwkNumbers> jwk_numbers(std::string_view pem) {
  const KeyPtr key = PLUMB_TRY(any_key(pem));
  const bool rsa = is_rsa(key.get());
  if (!rsa && !is_p256(key.get())) return fail(Code::unsupported, "describing a key: it is neither RSA nor P-256");
  BIGNUM *first = nullptr, *second = nullptr;
  const bool good = EVP_PKEY_get_bn_param(key.get(), rsa ? OSSL_PKEY_PARAM_RSA_N : OSSL_PKEY_PARAM_EC_PUB_X, &first) == 1 &&
                    EVP_PKEY_get_bn_param(key.get(), rsa ? OSSL_PKEY_PARAM_RSA_E : OSSL_PKEY_PARAM_EC_PUB_Y, &second) == 1;
  const BnPtr one(first), two(second);
  if (!good) return failed("describing a key");
  const auto size = [&](const BIGNUM* number) { return rsa ? static_cast<std::size_t>(BN_num_bytes(number)) : kP256; };
  return JwkNumbers{rsa ? "RS256" : "ES256", padded(first, size(first)), padded(second, size(second))};
}

}  // namespace plumb::net
