#include "reference/apiserver/authentication/service_accounts.h"

#include <algorithm>

#include "harness/base/encoding.h"
#include "harness/base/random.h"
#include "harness/net/crypto.h"
#include "reference/api/doc/document.h"
#include "reference/api/types/corev1.h"

namespace plumb::apiserver {

using api::Doc;

namespace {
constexpr std::string_view user_prefix = "system:serviceaccount:";
constexpr std::int64_t default_expiration_seconds = 3600, min_expiration_seconds = 600, max_expiration_seconds = std::int64_t{1} << 32;

Error refuse(std::string why) { return fail(Code::unauthenticated, "service account token not accepted: " + std::move(why)); }

std::int64_t unix_seconds(WallTime time) { return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count(); }
}  // namespace

struct ServiceAccountTokens::Claims {
  struct Bound {
    std::string kind, name, uid;
  };
  std::string namespace_, account, account_uid, id;
  std::vector<std::string> audiences;
  std::int64_t expires = 0, not_before = 0;
  std::vector<Bound> bound;
};

Result<std::unique_ptr<ServiceAccountTokens>> ServiceAccountTokens::create(ServiceAccountOptions options, Clock& clock) {
  std::unique_ptr<ServiceAccountTokens> made(new ServiceAccountTokens(std::move(options), clock));
  if (made->options_.audiences.empty()) made->options_.audiences = {made->options_.issuer};
  made->public_key_pem_ = PLUMB_TRY(net::public_key_of(made->options_.signing_key_pem));
  made->algorithm_ = PLUMB_TRY(net::jws_algorithm(made->options_.signing_key_pem));
  made->key_id_ = base64url_encode(net::sha256(made->public_key_pem_));
  return made;
}

Result<std::shared_ptr<const ServiceAccountTokens::Claims>> ServiceAccountTokens::verify(std::string_view token) {
  const std::string digest = net::sha256(token);
  {
    std::lock_guard lock(mutex_);
    if (const auto found = verified_.find(digest); found != verified_.end()) return found->second;
  }
  const std::size_t first = token.find('.'), last = token.rfind('.');
  const auto payload = base64url_decode(token.substr(first + 1, last - first - 1));
  const auto signature = base64url_decode(token.substr(last + 1));
  if (!payload || !signature) return refuse("malformed");
  if (!net::jws_verify(public_key_pem_, token.substr(0, last), *signature).ok()) return refuse("the signature is wrong");
  const Doc doc = PLUMB_TRY(api::parse_json(*payload));
  const Doc& kubernetes = doc["kubernetes.io"];
  auto claims = std::make_shared<Claims>();
  claims->namespace_ = kubernetes["namespace"].as_string();
  claims->account = kubernetes["serviceaccount"]["name"].as_string();
  claims->account_uid = kubernetes["serviceaccount"]["uid"].as_string();
  claims->id = doc["jti"].as_string();
  claims->expires = doc["exp"].as_int();
  claims->not_before = doc["nbf"].as_int();
  for (const Doc& audience : doc["aud"].items()) claims->audiences.emplace_back(audience.as_string());
  for (const char* kind : {"pod", "secret", "node"})
    if (const Doc& bound = kubernetes[kind]; bound.is_object())
      claims->bound.push_back({kind, std::string(bound["name"].as_string()), std::string(bound["uid"].as_string())});
  if (doc["iss"].as_string() != options_.issuer) return refuse("it was issued by somebody else");
  std::lock_guard lock(mutex_);
  if (verified_.size() >= verified_bound) verified_.clear();
  verified_[digest] = claims;
  return std::shared_ptr<const Claims>(claims);
}

Result<UserPtr> ServiceAccountTokens::user_of(const Claims& claims) const {
  const std::int64_t now = unix_seconds(clock_.wall());
  if (now >= claims.expires) return refuse("it has expired");
  if (now + 60 < claims.not_before) return refuse("it is not valid yet");
  const auto account = cluster_->get<corev1::ServiceAccount>(claims.namespace_, claims.account);
  if (!account || account->metadata.uid != claims.account_uid) return refuse("its service account is gone");
  auto user = std::make_shared<User>();
  user->name = std::string(user_prefix) + claims.namespace_ + ":" + claims.account;
  user->uid = claims.account_uid;
  user->groups = {"system:serviceaccounts", "system:serviceaccounts:" + claims.namespace_};
  user->extra["authentication.kubernetes.io/credential-id"] = {"JTI=" + claims.id};
  for (const auto& bound : claims.bound) {
    const api::TypeInfo& type = bound.kind == "pod" ? corev1::Pod::info() : bound.kind == "node" ? corev1::Node::info() : corev1::Secret::info();
    const api::ObjectPtr object = cluster_->get(type, bound.kind == "node" ? "" : claims.namespace_, bound.name);
    // A node named beside a pod is information, not what the token is bound to.
    const bool information = bound.kind == "node" && claims.bound.size() > 1;
    if (!information && (!object || object->metadata.uid != bound.uid)) return refuse("the " + bound.kind + " it is bound to is gone");
    if (bound.kind == "secret") continue;
    user->extra["authentication.kubernetes.io/" + bound.kind + "-name"] = {bound.name};
    user->extra["authentication.kubernetes.io/" + bound.kind + "-uid"] = {bound.uid};
  }
  return UserPtr(std::move(user));
}

Result<UserPtr> ServiceAccountTokens::authenticate(const Credentials& credentials) {
  std::vector<std::string> matched;
  // Not of the form of a JWT: somebody else's kind of token.
  if (std::count(credentials.bearer_token.begin(), credentials.bearer_token.end(), '.') != 2) return UserPtr();
  return review(credentials.bearer_token, options_.audiences, matched);
}

Result<UserPtr> ServiceAccountTokens::review(std::string_view token, const std::vector<std::string>& audiences, std::vector<std::string>& matched) {
  if (std::count(token.begin(), token.end(), '.') != 2) return UserPtr();
  const auto claims = PLUMB_TRY(verify(token));
  for (const std::string& audience : audiences)
    if (std::find(claims->audiences.begin(), claims->audiences.end(), audience) != claims->audiences.end()) matched.push_back(audience);
  if (matched.empty()) return refuse("it is for another audience");
  return user_of(*claims);
}

ApiResult<std::shared_ptr<api::Object>> ServiceAccountTokens::issue(const RequestContext&, const api::Object& service_account,
                                                                    std::shared_ptr<api::Object> object) {
  auto& request = static_cast<authenticationv1::TokenRequest&>(*object);
  const metav1::ObjectMeta& account = service_account.metadata;
  const std::int64_t seconds = request.spec.expirationSeconds.value_or(default_expiration_seconds);
  resources::FieldErrors errors;
  const resources::FieldPath path = resources::FieldPath("spec").child("expirationSeconds");
  if (seconds < min_expiration_seconds) errors.invalid(path, std::to_string(seconds), "may not specify a duration less than 10 minutes");
  if (seconds > max_expiration_seconds) errors.invalid(path, std::to_string(seconds), "may not specify a duration larger than 2^32 seconds");
  if (!errors.empty()) return status::invalid("authentication.k8s.io", "TokenRequest", "", errors);
  if (request.spec.audiences.empty())
    for (const std::string& audience : options_.audiences) request.spec.audiences.push_back(api::Str(audience));

  Doc kubernetes = Doc::object({{"namespace", account.namespace_.view()},
                                {"serviceaccount", Doc::object({{"name", account.name.view()}, {"uid", account.uid.view()}})}});
  if (const auto& ref = request.spec.boundObjectRef) {
    const bool pod = ref->kind == "Pod", secret = ref->kind == "Secret", node = ref->kind == "Node";
    if (!pod && !secret && !node) return status::bad_request("cannot bind token for serviceaccount \"" + account.name.str() + "\" to object of kind \"" + ref->kind.str() + "\"");
    const api::TypeInfo& type = pod ? corev1::Pod::info() : node ? corev1::Node::info() : corev1::Secret::info();
    const std::string_view resource = pod ? "pods" : node ? "nodes" : "secrets";
    const api::ObjectPtr bound = cluster_->get(type, node ? "" : account.namespace_.view(), ref->name);
    if (!bound) return status::not_found({"", resource}, ref->name);
    if (!ref->uid.empty() && ref->uid != bound->metadata.uid)
      return status::conflict({"", resource}, ref->name, "the UID in the bound object reference (" + ref->uid.str() + ") does not match the UID in record. The object might have been deleted and then recreated");
    if (const auto* typed = api::as<corev1::Pod>(*bound)) {
      const api::Str& used = typed->spec.serviceAccountName;
      if (used != account.name) return status::bad_request("cannot bind token for serviceaccount \"" + account.name.str() + "\" to pod running with different serviceaccount name.");
      if (!typed->spec.nodeName.empty())
        if (const api::ObjectPtr host = cluster_->get(corev1::Node::info(), "", typed->spec.nodeName))
          kubernetes = kubernetes.with("node", Doc::object({{"name", host->metadata.name.view()}, {"uid", host->metadata.uid.view()}}));
    }
    const std::string kind = pod ? "pod" : node ? "node" : "secret";
    kubernetes = kubernetes.with(kind, Doc::object({{"name", bound->metadata.name.view()}, {"uid", bound->metadata.uid.view()}}));
  }

  const std::int64_t now = unix_seconds(clock_.wall());
  std::int64_t lifetime = seconds;
  if (options_.max_expiration_seconds > 0) lifetime = std::min(lifetime, options_.max_expiration_seconds);
  std::vector<Doc> audiences;
  for (const api::Str& audience : request.spec.audiences) audiences.emplace_back(audience.view());
  const Doc header = Doc::object({{"alg", algorithm_}, {"kid", key_id_}});
  const Doc claims = Doc::object({{"iss", options_.issuer},
                                  {"aud", Doc::array(std::move(audiences))},
                                  {"exp", now + lifetime},
                                  {"iat", now},
                                  {"nbf", now},
                                  {"jti", random_uuid()},
                                  {"sub", std::string(user_prefix) + account.namespace_ + ":" + account.name.str()},
                                  {"kubernetes.io", kubernetes}});
  const std::string signed_part = base64url_encode(header.to_json()) + "." + base64url_encode(claims.to_json());
  const Result<std::string> signature = net::jws_sign(options_.signing_key_pem, signed_part);
  if (!signature.ok()) return status::internal("signing a service account token failed");
  request.spec.expirationSeconds = seconds;
  request.status.token = api::Str(signed_part + "." + base64url_encode(*signature));
  request.status.expirationTimestamp = api::Time{now + lifetime, 0, true};
  return object;
}

std::string ServiceAccountTokens::openid_configuration(std::string_view jwks_uri) const {
  return Doc::object({{"issuer", options_.issuer},
                      {"jwks_uri", jwks_uri},
                      {"response_types_supported", Doc::array({Doc("id_token")})},
                      {"subject_types_supported", Doc::array({Doc("public")})},
                      {"id_token_signing_alg_values_supported", Doc::array({Doc(algorithm_)})}})
      .to_json();
}

std::string ServiceAccountTokens::jwks() const {
  const Result<net::JwkNumbers> numbers = net::jwk_numbers(public_key_pem_);
  if (!numbers.ok()) return "{\"keys\":[]}";
  const bool rsa = algorithm_ == "RS256";
  Doc key = Doc::object({{"use", "sig"}, {"kty", rsa ? "RSA" : "EC"}, {"kid", key_id_}, {"alg", algorithm_}});
  if (!rsa) key = key.with("crv", "P-256");
  key = key.with(rsa ? "n" : "x", base64url_encode(numbers->first)).with(rsa ? "e" : "y", base64url_encode(numbers->second));
  return Doc::object({{"keys", Doc::array({key})}}).to_json();
}

}  // namespace plumb::apiserver
