#include "reference/informer/delegated_access.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "harness/base/encoding.h"
#include "harness/net/crypto.h"
#include "reference/api/doc/document.h"
#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/authorizationv1.h"
#include "reference/api/types/corev1.h"

namespace plumb::informer {
namespace {

using namespace std::chrono_literals;
using apiserver::User;
using apiserver::UserPtr;

// Upstream's, for tokens, for what is allowed, and for what is not.
constexpr Duration keep_token = 10s, keep_allowed = 10s, keep_denied = 10s;
constexpr std::size_t kept_limit = 4096;

Error refusal(int status, Code code, std::string message) { return Error{code, std::move(message), {}, status}; }
Error unauthorized() { return refusal(401, Code::unauthenticated, "Unauthorized"); }

// Values that hold for a while; emptied when it is full.
template <class T>
class Kept {
 public:
  std::optional<T> find(const std::string& key, Instant now) {
    std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found == values_.end() || found->second.second < now) return std::nullopt;
    return found->second.first;
  }
  void put(const std::string& key, T value, Instant until) {
    std::lock_guard lock(mutex_);
    if (values_.size() >= kept_limit) values_.clear();
    values_.insert_or_assign(key, std::pair(std::move(value), until));
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::pair<T, Instant>> values_;  // under mutex_
};

bool signed_by(const net::CertificateInfo& certificate, const std::string& ca_pem, WallTime now) {
  return !ca_pem.empty() && net::verify_certificate(net::certificate_pem(certificate.der), ca_pem, now).ok();
}

UserPtr with_group(User user, std::string_view group) {
  if (!user.in_group(group)) user.groups.emplace_back(group);
  return std::make_shared<const User>(std::move(user));
}

// nullptr when no header names a user.
UserPtr user_of_headers(const net::Headers& headers, const ProxyTrust& trust) {
  User user;
  const auto first = [&](const std::vector<std::string>& names) {
    for (const std::string& name : names)
      if (const auto value = headers.get(name); !value.empty()) return std::string(value);
    return std::string();
  };
  user.name = first(trust.username_headers);
  if (user.name.empty()) return nullptr;
  user.uid = first(trust.uid_headers);
  for (const auto& [name, value] : headers) {
    for (const std::string& wanted : trust.group_headers)
      if (net::same_name(name, wanted)) user.groups.push_back(value);
    for (const std::string& prefix : trust.extra_prefixes)
      if (name.size() > prefix.size() && net::same_name(std::string_view(name).substr(0, prefix.size()), prefix)) {
        std::string key = url_decode(name.substr(prefix.size())).value_or("");
        std::transform(key.begin(), key.end(), key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        user.extra[key].push_back(value);
      }
  }
  return std::make_shared<const User>(std::move(user));
}

std::string bearer(const net::Headers& headers) {
  const std::string_view authorization = trim(headers.get("authorization"));
  if (authorization.size() > 7 && net::same_name(authorization.substr(0, 7), "bearer ")) return std::string(trim(authorization.substr(7)));
  return {};
}

std::string key_of(const User& user, const AccessQuestion& question) {
  std::string key;
  const auto add = [&](std::string_view text) { key.append(std::to_string(text.size())).append(":").append(text); };
  add(user.name);
  add(user.uid);
  for (const std::string& group : user.groups) add(group);
  for (const auto& [name, values] : user.extra) {
    add(name);
    for (const std::string& value : values) add(value);
  }
  key += question.is_resource ? "|resource|" : "|path|";
  for (const std::string* text : {&question.verb, &question.path, &question.group, &question.version, &question.resource, &question.subresource, &question.namespace_, &question.name}) add(*text);
  return key;
}

std::string denial(const User& user, const AccessQuestion& question, std::string_view reason) {
  std::string text = "User \"" + user.name + "\" cannot " + question.verb;
  if (question.is_resource) {
    text += " resource \"" + question.resource + (question.subresource.empty() ? "" : "/" + question.subresource) + "\" in API group \"" + question.group + "\"";
    text += question.namespace_.empty() ? " at the cluster scope" : " in the namespace \"" + question.namespace_ + "\"";
  } else {
    text += " path \"" + question.path + "\"";
  }
  return reason.empty() ? text : text + ": " + std::string(reason);
}

std::shared_ptr<authorizationv1::SubjectAccessReview> review_of(const User& user, const AccessQuestion& question) {
  auto asked = std::make_shared<authorizationv1::SubjectAccessReview>();
  asked->spec.user = api::Str(user.name);
  asked->spec.uid = api::Str(user.uid);
  for (const std::string& group : user.groups) asked->spec.groups.push_back(api::Str(group));
  if (!question.is_resource) {
    auto& what = asked->spec.nonResourceAttributes.ensure();
    what.path = api::Str(question.path);
    what.verb = api::Str(question.verb);
    return asked;
  }
  auto& what = asked->spec.resourceAttributes.ensure();
  what.verb = api::Str(question.verb);
  what.group = api::Str(question.group);
  what.version = api::Str(question.version);
  what.resource = api::Str(question.resource);
  what.subresource = api::Str(question.subresource);
  what.namespace_ = api::Str(question.namespace_);
  what.name = api::Str(question.name);
  return asked;
}

std::vector<std::string> texts(const corev1::ConfigMap& map, std::string_view key) {
  std::vector<std::string> found;
  const api::Str* json = map.data.find(key);
  const auto list = json ? api::parse_json(json->view()) : Result<api::Doc>(api::Doc());
  if (list.ok())
    for (const api::Doc& each : list->items()) found.emplace_back(each.as_string());
  return found;
}

}  // namespace

struct DelegatedAccess::State : std::enable_shared_from_this<State> {
  State(Client& reviews, Clock& clock, Options options) : reviews(reviews), clock(clock), options(std::move(options)) {}
  Client& reviews;
  Clock& clock;
  const Options options;
  Kept<std::string> signers;  // by digest of a certificate: "client", "proxy" or ""
  Kept<UserPtr> tokens;       // by digest of a token
  Kept<std::string> denials;  // empty: allowed

  std::string signer(const net::CertificateInfo& certificate) {
    const std::string key = net::sha256(certificate.der);
    if (const auto known = signers.find(key, clock.now())) return *known;
    const WallTime now = clock.wall();
    const std::string found = options.proxy && signed_by(certificate, options.proxy->ca_pem, now) ? "proxy" : signed_by(certificate, options.client_ca_pem, now) ? "client" : "";
    signers.put(key, found, clock.now() + keep_token);
    return found;
  }

  void identify(const net::Request& request, Done done) {
    const auto& peer = request.peer;
    const bool shown = peer && peer->certificate;
    const std::string by = shown ? signer(*peer->certificate) : "";
    if (by == "proxy") {
      const auto& names = options.proxy->allowed_names;
      const bool allowed = names.empty() || std::find(names.begin(), names.end(), peer->certificate->common_name) != names.end();
      const UserPtr user = allowed && peer->certificate->for_client ? user_of_headers(request.headers, *options.proxy) : nullptr;
      return user ? done(user) : done(unauthorized());
    }
    if (by == "client" && peer->certificate->for_client && !peer->certificate->common_name.empty()) {
      User user;
      user.name = peer->certificate->common_name;
      user.groups = peer->certificate->organizations;
      return done(with_group(std::move(user), apiserver::all_authenticated_group));
    }
    if (std::string token = bearer(request.headers); !token.empty()) return review_token(std::move(token), std::move(done));
    if (shown || (peer && !peer->certificate_error.empty())) return done(unauthorized());
    User nobody;
    nobody.name = apiserver::anonymous_user;
    done(with_group(std::move(nobody), apiserver::all_unauthenticated_group));
  }

  void review_token(std::string token, Done done) {
    const std::string key = net::sha256(token);
    if (const auto known = tokens.find(key, clock.now())) return done(*known);
    auto asked = std::make_shared<authenticationv1::TokenReview>();
    asked->spec.token = api::Str(token);
    reviews.send(create_request(std::move(asked)), [self = shared_from_this(), key, done = std::move(done)](Result<ObjectPtr> result) {
      const auto found = result.ok() ? api::as<authenticationv1::TokenReview>(*result) : nullptr;
      if (!found || !found->status.authenticated) return done(unauthorized());
      User user;
      user.name = found->status.user.username.str();
      user.uid = found->status.user.uid.str();
      for (const api::Str& group : found->status.user.groups) user.groups.push_back(group.str());
      auto made = std::make_shared<const User>(std::move(user));
      self->tokens.put(key, made, self->clock.now() + keep_token);
      done(std::move(made));
    });
  }

  void authorize(UserPtr user, const AccessQuestion& question, Done done) {
    if (user->in_group(apiserver::masters_group)) return done(std::move(user));
    const std::string key = key_of(*user, question);
    if (const auto known = denials.find(key, clock.now())) return known->empty() ? done(std::move(user)) : done(refusal(403, Code::permission_denied, *known));
    auto answered = [self = shared_from_this(), key, user, question, done = std::move(done)](Result<ObjectPtr> result) {
      const auto found = result.ok() ? api::as<authorizationv1::SubjectAccessReview>(*result) : nullptr;
      if (!found) return done(refusal(500, Code::internal, "the API server could not be asked whether this is allowed" + (result.ok() ? "" : ": " + result.error().message)));
      const bool allowed = found->status.allowed;
      const std::string why = allowed ? "" : denial(*user, question, found->status.reason);
      self->denials.put(key, why, self->clock.now() + (allowed ? keep_allowed : keep_denied));
      allowed ? done(user) : done(refusal(403, Code::permission_denied, why));
    };
    reviews.send(create_request(review_of(*user, question)), std::move(answered));
  }
};

DelegatedAccess::DelegatedAccess(Client& reviews, Clock& clock, Options options) : state_(std::make_shared<State>(reviews, clock, std::move(options))) {}
DelegatedAccess::~DelegatedAccess() = default;

std::string DelegatedAccess::accepted_authorities() const {
  return state_->options.client_ca_pem + (state_->options.proxy ? "\n" + state_->options.proxy->ca_pem : std::string());
}

void DelegatedAccess::check(const net::Request& request, AccessQuestion question, Done done) const {
  state_->identify(request, [state = state_, question = std::move(question), done = std::move(done)](Result<UserPtr> user) mutable {
    user.ok() ? state->authorize(*user, question, std::move(done)) : done(std::move(user).error());
  });
}

Result<std::optional<ProxyTrust>> read_proxy_trust(Client& client) {
  const auto map = PLUMB_TRY(client.get<corev1::ConfigMap>("kube-system", "extension-apiserver-authentication"));
  const api::Str* ca = map->data.find("requestheader-client-ca-file");
  if (!ca || ca->empty()) return std::optional<ProxyTrust>();
  ProxyTrust trust{ca->str(), texts(*map, "requestheader-allowed-names"), texts(*map, "requestheader-username-headers"), texts(*map, "requestheader-group-headers"),
                   texts(*map, "requestheader-uid-headers"), texts(*map, "requestheader-extra-headers-prefix")};
  return std::optional<ProxyTrust>(std::move(trust));
}

}  // namespace plumb::informer
