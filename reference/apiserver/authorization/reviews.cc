#include "reference/apiserver/authorization/reviews.h"

#include "reference/api/types/authenticationv1.h"
#include "reference/api/types/authorizationv1.h"

namespace plumb::apiserver {
namespace {

void fill(authenticationv1::UserInfo& info, const User& user) {
  info.username = user.name;
  info.uid = user.uid.empty() ? api::Str() : api::Str(user.uid);
  for (const std::string& group : user.groups) info.groups.push_back(api::Str(group));
  for (const auto& [key, values] : user.extra) {
    api::List<api::Str> list;
    for (const std::string& value : values) list.push_back(api::Str(value));
    info.extra.set(key, std::move(list));
  }
}

template <class Spec>
Attributes attributes_of(const Spec& spec, const User& user) {
  Attributes a;
  a.user = &user;
  if (spec.nonResourceAttributes) {
    a.is_resource = false;
    a.verb = spec.nonResourceAttributes->verb;
    a.path = spec.nonResourceAttributes->path;
  } else if (spec.resourceAttributes) {
    const auto& r = *spec.resourceAttributes;
    a.verb = r.verb;
    a.group = r.group;
    a.version = r.version;
    a.resource = r.resource;
    a.subresource = r.subresource;
    a.namespace_ = r.namespace_;
    a.name = r.name;
  }
  return a;
}

template <class Spec>
std::optional<metav1::Status> check(const Spec& spec, std::string_view kind) {
  if (bool(spec.resourceAttributes) != bool(spec.nonResourceAttributes)) return std::nullopt;
  resources::FieldErrors errors;
  const resources::FieldPath path = resources::FieldPath("spec").child("resourceAttributes");
  if (spec.resourceAttributes)
    errors.invalid(resources::FieldPath("spec").child("nonResourceAttributes"), "null", "cannot be specified in combination with resourceAttributes");
  else
    errors.invalid(path, "null", "exactly one of nonResourceAttributes or resourceAttributes must be specified");
  return status::invalid("authorization.k8s.io", kind, "", errors);
}

void answer(authorizationv1::SubjectAccessReviewStatus& status, const Verdict& verdict) {
  status.allowed = verdict.decision == Decision::allow;
  status.denied = verdict.decision == Decision::deny;
  status.reason = verdict.reason.empty() ? api::Str() : api::Str(verdict.reason);
}

using ReviewResult = ApiResult<std::shared_ptr<api::Object>>;

class SelfAccess final : public VirtualResource {
 public:
  explicit SelfAccess(ReviewOptions options) : options_(std::move(options)) {}
  ReviewResult create(const RequestContext& context, std::string_view, std::shared_ptr<api::Object> object) override {
    auto& review = static_cast<authorizationv1::SelfSubjectAccessReview&>(*object);
    if (auto refused = check(review.spec, "SelfSubjectAccessReview")) return *refused;
    answer(review.status, authorize_all(options_.authorizers, attributes_of(review.spec, *context.user)));
    return object;
  }

 private:
  ReviewOptions options_;
};

template <class Review>
class SubjectAccess final : public VirtualResource {
 public:
  explicit SubjectAccess(ReviewOptions options) : options_(std::move(options)) {}
  ReviewResult create(const RequestContext&, std::string_view namespace_, std::shared_ptr<api::Object> object) override {
    auto& review = static_cast<Review&>(*object);
    if (auto refused = check(review.spec, Review::info().name)) return *refused;
    if (review.spec.user.empty() && review.spec.groups.empty()) {
      resources::FieldErrors errors;
      errors.invalid(resources::FieldPath("spec").child("user"), "\"\"", "at least one of user or group must be specified");
      return status::invalid("authorization.k8s.io", Review::info().name, "", errors);
    }
    const bool local = std::is_same_v<Review, authorizationv1::LocalSubjectAccessReview>;
    if (local && (!review.spec.resourceAttributes || review.spec.resourceAttributes->namespace_ != namespace_)) {
      resources::FieldErrors errors;
      errors.invalid(resources::FieldPath("spec").child("resourceAttributes").child("namespace"), "\"\"", "must match metadata.namespace");
      return status::invalid("authorization.k8s.io", Review::info().name, "", errors);
    }
    User user;
    user.name = review.spec.user.str();
    user.uid = review.spec.uid.str();
    for (const api::Str& group : review.spec.groups) user.groups.push_back(group.str());
    answer(review.status, authorize_all(options_.authorizers, attributes_of(review.spec, user)));
    return object;
  }

 private:
  ReviewOptions options_;
};

class SelfRules final : public VirtualResource {
 public:
  explicit SelfRules(ReviewOptions options) : options_(std::move(options)) {}
  ReviewResult create(const RequestContext& context, std::string_view, std::shared_ptr<api::Object> object) override {
    auto& review = static_cast<authorizationv1::SelfSubjectRulesReview&>(*object);
    for (Authorizer* authorizer : options_.authorizers) authorizer->rules(*context.user, review.spec.namespace_, review.status);
    return object;
  }

 private:
  ReviewOptions options_;
};

class SelfReview final : public VirtualResource {
 public:
  ReviewResult create(const RequestContext& context, std::string_view, std::shared_ptr<api::Object> object) override {
    fill(static_cast<authenticationv1::SelfSubjectReview&>(*object).status.userInfo, *context.user);
    return object;
  }
};

class Tokens final : public VirtualResource {
 public:
  explicit Tokens(ReviewOptions options) : options_(std::move(options)) {}
  ReviewResult create(const RequestContext&, std::string_view, std::shared_ptr<api::Object> object) override {
    auto& review = static_cast<authenticationv1::TokenReview&>(*object);
    if (review.spec.token.empty()) return status::bad_request("token is required for TokenReview in authentication");
    const auto user = user_of(review);
    if (!user.ok()) review.status.error = api::Str(user.error().message);
    if (user.ok() && *user) {
      User complete(**user);
      complete.groups.emplace_back(all_authenticated_group);
      review.status.authenticated = true;
      fill(review.status.user, complete);
    }
    review.spec.token.reset();
    return object;
  }

 private:
  Result<UserPtr> user_of(authenticationv1::TokenReview& review) {
    const std::string token = review.spec.token.str();
    std::vector<std::string> wanted, matched;
    for (const api::Str& audience : review.spec.audiences) wanted.push_back(audience.str());
    if (options_.service_accounts) {
      const auto& own = options_.service_accounts->audiences();
      const UserPtr user = PLUMB_TRY(options_.service_accounts->review(token, wanted.empty() ? own : wanted, matched));
      if (user) {
        for (const std::string& audience : matched) review.status.audiences.push_back(api::Str(audience));
        return user;
      }
    }
    Credentials credentials;
    credentials.bearer_token = token;
    for (Authenticator* authenticator : options_.authenticators)
      if (const UserPtr user = PLUMB_TRY(authenticator->authenticate(credentials))) return user;
    return UserPtr();
  }
  ReviewOptions options_;
};

}  // namespace

std::map<std::string, std::unique_ptr<VirtualResource>> make_reviews(const ReviewOptions& options) {
  std::map<std::string, std::unique_ptr<VirtualResource>> made;
  made["selfsubjectaccessreviews.authorization.k8s.io"] = std::make_unique<SelfAccess>(options);
  made["subjectaccessreviews.authorization.k8s.io"] = std::make_unique<SubjectAccess<authorizationv1::SubjectAccessReview>>(options);
  made["localsubjectaccessreviews.authorization.k8s.io"] = std::make_unique<SubjectAccess<authorizationv1::LocalSubjectAccessReview>>(options);
  made["selfsubjectrulesreviews.authorization.k8s.io"] = std::make_unique<SelfRules>(options);
  made["selfsubjectreviews.authentication.k8s.io"] = std::make_unique<SelfReview>();
  made["tokenreviews.authentication.k8s.io"] = std::make_unique<Tokens>(options);
  return made;
}

}  // namespace plumb::apiserver
