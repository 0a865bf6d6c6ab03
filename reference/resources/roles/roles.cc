#include "reference/api/types/rbacv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"roles.rbac.authorization.k8s.io",
                                      [] { return std::make_unique<Plain<rbacv1::Role>>(Names{"roles", "role", {}, {}, true}, NameRule::path_segment); }};

}  // namespace
}  // namespace plumb::resources
