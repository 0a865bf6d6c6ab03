#include "reference/resources/rbac/rbac.h"

#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"

namespace plumb::resources {
namespace {

void check_subject(const rbacv1::Subject& subject, bool namespaced, const FieldPath& path, FieldErrors& errors) {
  check_required(subject.name, path.child("name"), errors);
  if (subject.kind == "ServiceAccount") {
    if (!subject.name.empty()) check_text(api::check_dns1123_subdomain(subject.name), path.child("name"), subject.name, errors);
    if (!subject.apiGroup.empty()) errors.not_supported(path.child("apiGroup"), quoted(subject.apiGroup), {""});
    if (!namespaced && subject.namespace_.empty()) errors.required(path.child("namespace"));
  } else if (subject.kind == "User" || subject.kind == "Group") {
    if (subject.apiGroup != rbac_group) errors.not_supported(path.child("apiGroup"), quoted(subject.apiGroup), {rbac_group});
  } else {
    errors.not_supported(path.child("kind"), quoted(subject.kind), {"ServiceAccount", "User", "Group"});
  }
}

}  // namespace

void default_binding(api::List<rbacv1::Subject>& subjects, rbacv1::RoleRef& role) {
  if (role.apiGroup.empty()) role.apiGroup = rbac_group;
  for (auto& subject : subjects)
    if (subject.apiGroup.empty() && (subject.kind == "User" || subject.kind == "Group")) subject.apiGroup = rbac_group;
}

void check_rules(const api::List<rbacv1::PolicyRule>& rules, bool namespaced, FieldErrors& errors) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const auto& rule = rules[i];
    const FieldPath at = FieldPath("rules").index(i);
    if (rule.verbs.empty()) errors.required(at.child("verbs"), "verbs must contain at least one value");
    if (!rule.nonResourceURLs.empty()) {
      if (namespaced)
        errors.invalid(at.child("nonResourceURLs"), "[" + quoted(rule.nonResourceURLs.front()) + "]", "namespaced rules cannot apply to non-resource URLs");
      if (!rule.apiGroups.empty() || !rule.resources.empty() || !rule.resourceNames.empty())
        errors.invalid(at.child("nonResourceURLs"), "[" + quoted(rule.nonResourceURLs.front()) + "]",
                       "rules cannot apply to both regular resources and non-resource URLs");
      continue;
    }
    if (rule.apiGroups.empty()) errors.required(at.child("apiGroups"), "resource rules must supply at least one api group");
    if (rule.resources.empty()) errors.required(at.child("resources"), "resource rules must supply at least one resource");
  }
}

void check_binding(const api::List<rbacv1::Subject>& subjects, const rbacv1::RoleRef& role, bool namespaced, FieldErrors& errors) {
  const FieldPath path("roleRef");
  if (role.apiGroup != rbac_group) errors.not_supported(path.child("apiGroup"), quoted(role.apiGroup), {rbac_group});
  if (namespaced && role.kind != "Role" && role.kind != "ClusterRole")
    errors.not_supported(path.child("kind"), quoted(role.kind), {"Role", "ClusterRole"});
  if (!namespaced && role.kind != "ClusterRole") errors.not_supported(path.child("kind"), quoted(role.kind), {"ClusterRole"});
  if (role.name.empty())
    errors.required(path.child("name"));
  else
    check_text(api::check_path_segment_name(role.name), path.child("name"), role.name, errors);
  for (std::size_t i = 0; i < subjects.size(); ++i) check_subject(subjects[i], namespaced, FieldPath("subjects").index(i), errors);
}

void check_binding_update(const rbacv1::RoleRef& next, const rbacv1::RoleRef& previous, FieldErrors& errors) {
  if (next == previous) return;
  errors.invalid(FieldPath("roleRef"),
                 "{\"apiGroup\":" + quoted(next.apiGroup) + ",\"kind\":" + quoted(next.kind) + ",\"name\":" + quoted(next.name) + "}",
                 "cannot change roleRef");
}

std::vector<Column> binding_columns() {
  return {name_column(),
          text_column("Role", "The role that is granted."),
          age_column(),
          text_column("Users", "Users that have the role.", 1),
          text_column("Groups", "Groups that have the role.", 1),
          text_column("ServiceAccounts", "Service accounts that have the role.", 1)};
}

std::vector<Cell> binding_row(const api::Object& object, const api::List<rbacv1::Subject>& subjects, const rbacv1::RoleRef& role, WallTime now) {
  std::string users, groups, accounts;
  const auto add = [](std::string& list, const std::string& one) { list.append(list.empty() ? "" : ", ").append(one); };
  for (const auto& subject : subjects) {
    if (subject.kind == "User") add(users, subject.name.str());
    if (subject.kind == "Group") add(groups, subject.name.str());
    if (subject.kind == "ServiceAccount") add(accounts, subject.namespace_.str() + "/" + subject.name.str());
  }
  return {object.metadata.name, role.kind.str() + "/" + role.name.str(), age(object, now), users, groups, accounts};
}

}  // namespace plumb::resources
