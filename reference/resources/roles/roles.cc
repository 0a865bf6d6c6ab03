#include "reference/api/types/rbacv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Roles final : public Plain<rbacv1::Role> {
 public:
  Roles() : Plain(Names{"roles", "role", {}, {}, true}) {}
  // Names like system:node are common.
  NameRule name_rule() const override { return NameRule::path_segment; }
};

const Registered<Resource> registered{"roles.rbac.authorization.k8s.io", [] { return std::make_unique<Roles>(); }};

}  // namespace
}  // namespace plumb::resources
