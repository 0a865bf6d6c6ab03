#include "reference/api/types/rbacv1.h"
#include "reference/resources/rbac/rbac.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class Roles final : public Typed<rbacv1::Role> {
 public:
  Roles() : Typed(Names{"roles", "role", {}, {}, true}) {}
  NameRule name_rule() const override { return NameRule::path_segment; }

 protected:
  void check(const rbacv1::Role& role, FieldErrors& errors) const override {
    check_rules(role.rules, true, errors);
  }
};

const Registered<Resource> registered_roles{"roles.rbac.authorization.k8s.io", [] { return std::make_unique<Roles>(); }};

}  // namespace
}  // namespace plumb::resources
