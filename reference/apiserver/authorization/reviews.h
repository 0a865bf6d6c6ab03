// The computed resources of authentication.k8s.io and authorization.k8s.io: TokenReview, SelfSubjectReview, SubjectAccessReview and its
// kin, SelfSubjectRulesReview.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reference/apiserver/authentication/service_accounts.h"
#include "reference/apiserver/authorization/authorizer.h"
#include "reference/apiserver/registry/extensions.h"

namespace plumb::apiserver {

struct ReviewOptions {
  std::vector<Authorizer*> authorizers;
  std::vector<Authenticator*> authenticators;
  ServiceAccountTokens* service_accounts = nullptr;
};
// By group_resource(), ready for Registry::Options::virtual_resources. What `options` points to must outlive them.
std::map<std::string, std::unique_ptr<VirtualResource>> make_reviews(const ReviewOptions& options);

}  // namespace plumb::apiserver
