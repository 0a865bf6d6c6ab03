#include "reference/api/types/rbacv1.h"
#include "reference/resources/rbac/rbac.h"
#include "reference/resources/shared/label_selector.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class ClusterRoles final : public Typed<rbacv1::ClusterRole> {
 public:
  ClusterRoles() : Typed(Names{"clusterroles", "clusterrole", {}, {}, false}) {}
  NameRule name_rule() const override { return NameRule::path_segment; }

 protected:
  void check(const rbacv1::ClusterRole& role, FieldErrors& errors) const override {
    check_rules(role.rules, false, errors);
    if (!role.aggregationRule) return;
    const FieldPath path = FieldPath("aggregationRule").child("clusterRoleSelectors");
    const auto& selectors = role.aggregationRule->clusterRoleSelectors;
    if (selectors.empty()) errors.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
    for (std::size_t i = 0; i < selectors.size(); ++i) check_label_selector(selectors[i], path.index(i), errors);
  }
};

const Registered<Resource> registered_clusterroles{"clusterroles.rbac.authorization.k8s.io", [] { return std::make_unique<ClusterRoles>(); }};

}  // namespace
}  // namespace plumb::resources
