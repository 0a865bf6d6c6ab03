#include "reference/api/types/rbacv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"rolebindings.rbac.authorization.k8s.io",
                                      [] { return std::make_unique<Plain<rbacv1::RoleBinding>>(Names{"rolebindings", "rolebinding", {}, {}, true}, NameRule::path_segment); }};

}  // namespace
}  // namespace plumb::resources
