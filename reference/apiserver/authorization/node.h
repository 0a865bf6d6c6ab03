// The Node authorizer: kubelets (users system:node:NAME in group system:nodes) may do what upstream's system:node rules say, and may read
// secrets, config maps, claims and volumes and make service account tokens only for pods that are bound to their node.
#pragma once

#include "reference/apiserver/admission/plugin.h"
#include "reference/apiserver/authorization/authorizer.h"

namespace plumb::apiserver {

class NodeAuthorizer final : public Authorizer {
 public:
  explicit NodeAuthorizer(const ClusterView& cluster) : cluster_(cluster) {}
  Verdict authorize(const Attributes& attributes) override;
  // Upstream's Node authorizer has no rules to show.
  void rules(const User&, std::string_view, authorizationv1::SubjectRulesReviewStatus&) override {}

 private:
  Verdict through_a_pod(const Attributes& attributes, std::string_view node) const;
  const ClusterView& cluster_;
};

}  // namespace plumb::apiserver
