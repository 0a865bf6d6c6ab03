#include "reference/cluster/control_plane/security.h"

#include "reference/apiserver/authentication/service_accounts.h"
#include "reference/apiserver/authentication/static_tokens.h"
#include "reference/apiserver/authentication/x509.h"
#include "reference/apiserver/authorization/node.h"
#include "reference/apiserver/authorization/rbac.h"
#include "reference/apiserver/authorization/reviews.h"

namespace plumb::cluster {
namespace {

using namespace apiserver;

// The server owns authenticator and issuer separately; for service accounts both are one object.
class SharedAuthenticator final : public Authenticator {
 public:
  explicit SharedAuthenticator(std::shared_ptr<ServiceAccountTokens> tokens) : tokens_(std::move(tokens)) {}
  Result<UserPtr> authenticate(const Credentials& credentials) override { return tokens_->authenticate(credentials); }

 private:
  std::shared_ptr<ServiceAccountTokens> tokens_;
};
class SharedIssuer final : public TokenIssuer {
 public:
  explicit SharedIssuer(std::shared_ptr<ServiceAccountTokens> tokens) : tokens_(std::move(tokens)) {}
  ApiResult<std::shared_ptr<api::Object>> issue(const RequestContext& context, const api::Object& account, std::shared_ptr<api::Object> request) override {
    return tokens_->issue(context, account, std::move(request));
  }

 private:
  std::shared_ptr<ServiceAccountTokens> tokens_;
};

}  // namespace

Result<Security> make_security(const SecurityOptions& options, apiserver::Registry& registry) {
  Security made;
  std::shared_ptr<ServiceAccountTokens> tokens = PLUMB_TRY(ServiceAccountTokens::create({.signing_key_pem = options.signing_key_pem}, registry.clock()));
  tokens->set_cluster(&registry);
  made.authenticators.push_back(std::make_unique<X509Authenticator>());
  if (!options.static_tokens.empty()) made.authenticators.push_back(PLUMB_TRY(StaticTokens::parse(options.static_tokens)));
  made.authenticators.push_back(std::make_unique<SharedAuthenticator>(tokens));
  made.authorizers.push_back(std::make_unique<SuperuserAuthorizer>());
  made.authorizers.push_back(std::make_unique<NodeAuthorizer>(registry));
  made.authorizers.push_back(std::make_unique<RbacAuthorizer>(registry.cache()));
  made.tokens = std::make_unique<SharedIssuer>(tokens);

  ReviewOptions reviews;
  reviews.service_accounts = tokens.get();
  for (const auto& one : made.authorizers) reviews.authorizers.push_back(one.get());
  for (const auto& one : made.authenticators) reviews.authenticators.push_back(one.get());
  made.virtual_resources = make_reviews(reviews);
  return made;
}

}  // namespace plumb::cluster
