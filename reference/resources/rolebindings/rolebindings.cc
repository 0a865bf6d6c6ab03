#include "reference/api/types/rbacv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class RoleBindings final : public Plain<rbacv1::RoleBinding> {
 public:
  RoleBindings() : Plain(Names{"rolebindings", "rolebinding", {}, {}, true}) {}
  // Names like system:node are common.
  NameRule name_rule() const override { return NameRule::path_segment; }
};

const Registered<Resource> registered{"rolebindings.rbac.authorization.k8s.io", [] { return std::make_unique<RoleBindings>(); }};

}  // namespace
}  // namespace plumb::resources
