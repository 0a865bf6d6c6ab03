// Rules and cells that roles, cluster roles and their bindings share. (rolebindings/, roles/, …)
#pragma once

#include <string>
#include <vector>

#include "reference/api/types/rbacv1.h"
#include "reference/resources/field_errors.h"
#include "reference/resources/resource.h"

namespace plumb::resources {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";

// apiGroup of the role and of users and groups.
void default_binding(api::List<rbacv1::Subject>& subjects, rbacv1::RoleRef& role);
void check_rules(const api::List<rbacv1::PolicyRule>& rules, bool namespaced, FieldErrors& errors);
void check_binding(const api::List<rbacv1::Subject>& subjects, const rbacv1::RoleRef& role, bool namespaced, FieldErrors& errors);
void check_binding_update(const rbacv1::RoleRef& next, const rbacv1::RoleRef& previous, FieldErrors& errors);
std::vector<Column> binding_columns();
std::vector<Cell> binding_row(const api::Object& object, const api::List<rbacv1::Subject>& subjects, const rbacv1::RoleRef& role, WallTime now);

}  // namespace plumb::resources
