// RBAC: what Roles and ClusterRoles allow, through their bindings. Only allows, never denies. system:masters may do everything.
#pragma once

#include <memory>
#include <mutex>

#include "reference/api/types/rbacv1.h"
#include "reference/apiserver/authorization/authorizer.h"
#include "reference/apiserver/cache/watch_cache.h"

namespace plumb::apiserver {

// Whether this one rule allows it.
bool allows(const rbacv1::PolicyRule& rule, const Attributes& attributes);

class SuperuserAuthorizer final : public Authorizer {
 public:
  Verdict authorize(const Attributes& attributes) override;
  void rules(const User& user, std::string_view namespace_, authorizationv1::SubjectRulesReviewStatus& status) override;
};

class RbacAuthorizer final : public Authorizer {
 public:
  explicit RbacAuthorizer(const WatchCache& cache);
  ~RbacAuthorizer() override;
  Verdict authorize(const Attributes& attributes) override;
  void rules(const User& user, std::string_view namespace_, authorizationv1::SubjectRulesReviewStatus& status) override;

 private:
  struct Index;
  // The index over the bindings as they are now; made anew only when one of the four resources has changed.
  std::shared_ptr<const Index> index() const;

  const WatchCache& cache_;
  const ResourceCache* sources_[4] = {};  // roles, clusterroles, rolebindings, clusterrolebindings
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Index> index_;
};

}  // namespace plumb::apiserver
