#include "reference/api/types/rbacv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"clusterrolebindings.rbac.authorization.k8s.io",
                                      [] { return std::make_unique<Plain<rbacv1::ClusterRoleBinding>>(Names{"clusterrolebindings", "clusterrolebinding", {}, {}, false}, NameRule::path_segment); }};

}  // namespace
}  // namespace plumb::resources
