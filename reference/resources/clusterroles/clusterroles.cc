#include "reference/api/types/rbacv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class ClusterRoles final : public Plain<rbacv1::ClusterRole> {
 public:
  ClusterRoles() : Plain(Names{"clusterroles", "clusterrole", {}, {}, false}) {}
  // Names like system:node are common.
  NameRule name_rule() const override { return NameRule::path_segment; }
};

const Registered<Resource> registered{"clusterroles.rbac.authorization.k8s.io", [] { return std::make_unique<ClusterRoles>(); }};

}  // namespace
}  // namespace plumb::resources
