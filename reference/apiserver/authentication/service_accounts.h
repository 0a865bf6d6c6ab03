// Service account tokens: JWTs bound to a ServiceAccount and optionally to a Pod, Secret or Node, with upstream's claims
// (KEP-1205, "TokenRequest"). They stop working when the object they are bound to is gone or was replaced.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/base/clock.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/apiserver/authentication/authenticator.h"
#include "reference/apiserver/registry/extensions.h"

namespace plumb::apiserver {

struct ServiceAccountOptions {
  std::string signing_key_pem;
  std::string issuer = "https://kubernetes.default.svc.cluster.local";
  std::vector<std::string> audiences = {};  // the API's own; the issuer when empty
  std::int64_t max_expiration_seconds = 0;  // 0: no limit
};

class ServiceAccountTokens final : public Authenticator, public TokenIssuer {
 public:
  // `cluster` and `clock` must outlive this; set the view before the first request when it is made later.
  static Result<std::unique_ptr<ServiceAccountTokens>> create(ServiceAccountOptions options, Clock& clock);
  void set_cluster(const ClusterView* cluster) { cluster_ = cluster; }

  Result<UserPtr> authenticate(const Credentials& credentials) override;
  // For TokenReview: against other audiences than the API's; the ones that matched come back in `matched`.
  Result<UserPtr> review(std::string_view token, const std::vector<std::string>& audiences, std::vector<std::string>& matched);
  ApiResult<std::shared_ptr<api::Object>> issue(const RequestContext& context, const api::Object& service_account,
                                                std::shared_ptr<api::Object> token_request) override;

  // The documents of OpenID discovery, as JSON.
  std::string openid_configuration(std::string_view jwks_uri) const;
  std::string jwks() const;
  const std::vector<std::string>& audiences() const { return options_.audiences; }

 private:
  struct Claims;
  ServiceAccountTokens(ServiceAccountOptions options, Clock& clock) : options_(std::move(options)), clock_(clock) {}
  Result<std::shared_ptr<const Claims>> verify(std::string_view token);
  Result<UserPtr> user_of(const Claims& claims) const;

  ServiceAccountOptions options_;
  Clock& clock_;
  const ClusterView* cluster_ = nullptr;
  std::string public_key_pem_, key_id_, algorithm_;

  // Signatures that were found right, by digest of the token, so that each is checked once. Emptied when it reaches its bound.
  static constexpr std::size_t verified_bound = 10'000;
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const Claims>> verified_;
};

}  // namespace plumb::apiserver
