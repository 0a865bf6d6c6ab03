#include "reference/api/types/rbacv1.h"
#include "reference/resources/rbac/rbac.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class ClusterRoleBindings final : public Typed<rbacv1::ClusterRoleBinding> {
 public:
  ClusterRoleBindings() : Typed(Names{"clusterrolebindings", "clusterrolebinding", {}, {}, false}) {}
  NameRule name_rule() const override { return NameRule::path_segment; }
  std::vector<Column> columns() const override { return binding_columns(); }

 protected:
  void defaults(rbacv1::ClusterRoleBinding& object) const override { default_binding(object.subjects, object.roleRef); }
  void check(const rbacv1::ClusterRoleBinding& object, FieldErrors& errors) const override { check_binding(object.subjects, object.roleRef, false, errors); }
  void check_update(const rbacv1::ClusterRoleBinding& next, const rbacv1::ClusterRoleBinding& previous, FieldErrors& errors) const override {
    check_binding_update(next.roleRef, previous.roleRef, errors);
  }
  std::vector<Cell> cells(const rbacv1::ClusterRoleBinding& object, WallTime now) const override {
    return binding_row(object, object.subjects, object.roleRef, now);
  }
};

const Registered<Resource> registered_clusterrolebindings{"clusterrolebindings.rbac.authorization.k8s.io", [] { return std::make_unique<ClusterRoleBindings>(); }};

}  // namespace
}  // namespace plumb::resources
