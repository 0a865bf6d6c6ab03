#include "reference/api/types/rbacv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class ClusterRoleBindings final : public Plain<rbacv1::ClusterRoleBinding> {
 public:
  ClusterRoleBindings() : Plain(Names{"clusterrolebindings", "clusterrolebinding", {}, {}, false}) {}
  // Names like system:node are common.
  NameRule name_rule() const override { return NameRule::path_segment; }
};

const Registered<Resource> registered{"clusterrolebindings.rbac.authorization.k8s.io", [] { return std::make_unique<ClusterRoleBindings>(); }};

}  // namespace
}  // namespace plumb::resources
