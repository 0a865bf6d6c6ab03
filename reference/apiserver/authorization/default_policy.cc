#include "reference/apiserver/authorization/default_policy.h"

#include <algorithm>

#include "reference/api/types/rbacv1.h"
#include "reference/apiserver/authorization/rbac.h"

namespace plumb::apiserver {
namespace {

bool is_left_alone(const api::Object& object) {
  const api::Str* update = object.metadata.annotations.find("rbac.authorization.kubernetes.io/autoupdate");
  return update && *update == "false";
}

bool add_missing(api::Map<api::Str>& to, const api::Map<api::Str>& from) {
  bool changed = false;
  for (const auto& [key, value] : from) {
    if (to.find(key.view())) continue;
    to.set(key.view(), value);
    changed = true;
  }
  return changed;
}

template <class T>
bool add_missing(api::List<T>& to, const api::List<T>& from) {
  bool changed = false;
  for (const T& one : from) {
    if (std::find(to.begin(), to.end(), one) != to.end()) continue;
    to.push_back(one);
    changed = true;
  }
  return changed;
}

bool all_allow(const api::List<rbacv1::PolicyRule>& rules, const Attributes& what) {
  return std::any_of(rules.begin(), rules.end(), [&](const rbacv1::PolicyRule& rule) { return allows(rule, what); });
}

// Whether `rules` allow all that `rule` does. Its wildcards are looked for as they stand: only a wildcard allows one.
bool allow_all_of(const api::List<rbacv1::PolicyRule>& rules, const rbacv1::PolicyRule& rule) {
  Attributes what;
  for (const api::Str& verb : rule.verbs) {
    what.verb = verb.view();
    what.is_resource = false;
    for (const api::Str& path : rule.nonResourceURLs) {
      what.path = path.view();
      if (!all_allow(rules, what)) return false;
    }
    what.is_resource = true;
    for (const api::Str& group : rule.apiGroups)
      for (const api::Str& resource : rule.resources) {
        const std::string_view text = resource.view();
        const auto slash = text.find('/');
        what.group = group.view();
        what.resource = text.substr(0, slash);
        what.subresource = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
        what.name = {};
        if (rule.resourceNames.empty() && !all_allow(rules, what)) return false;
        for (const api::Str& name : rule.resourceNames) {
          what.name = name.view();
          if (!all_allow(rules, what)) return false;
        }
      }
  }
  return true;
}

bool add_rules(api::List<rbacv1::PolicyRule>& to, const api::List<rbacv1::PolicyRule>& from) {
  bool changed = false;
  for (const rbacv1::PolicyRule& rule : from) {
    if (allow_all_of(to, rule)) continue;
    to.push_back(rule);
    changed = true;
  }
  return changed;
}

bool add_content(rbacv1::Role& to, const rbacv1::Role& from) { return add_rules(to.rules, from.rules); }
bool add_content(rbacv1::ClusterRole& to, const rbacv1::ClusterRole& from) {
  if (!from.aggregationRule) return add_rules(to.rules, from.rules);
  return add_missing(to.aggregationRule.ensure().clusterRoleSelectors, from.aggregationRule->clusterRoleSelectors);
}
bool add_content(rbacv1::RoleBinding& to, const rbacv1::RoleBinding& from) { return add_missing(to.subjects, from.subjects); }
bool add_content(rbacv1::ClusterRoleBinding& to, const rbacv1::ClusterRoleBinding& from) { return add_missing(to.subjects, from.subjects); }

template <class T>
std::shared_ptr<api::Object> completed_as(const api::Object& current, const api::Object& wanted) {
  auto next = std::make_shared<T>(static_cast<const T&>(current));
  bool changed = add_missing(next->metadata.labels, wanted.metadata.labels);
  changed |= add_missing(next->metadata.annotations, wanted.metadata.annotations);
  changed |= add_content(*next, static_cast<const T&>(wanted));
  return changed ? next : nullptr;
}

template <class T>
bool binds_another(const api::Object& current, const api::Object& wanted) {
  return &wanted.type() == &T::info() && static_cast<const T&>(current).roleRef != static_cast<const T&>(wanted).roleRef;
}

Status make_anew(OwnCalls& calls, const ObjectName& name, const api::Object& wanted) {
  PLUMB_TRY(calls.remove(wanted.type(), name));
  const auto made = calls.create(api::clone(wanted));
  if (made.ok() || made.status().reason == metav1::StatusReasonAlreadyExists) return {};
  return status::to_error(made.status());
}

Status add_what_lacks(OwnCalls& calls, const ObjectName& name, const api::Object& wanted) {
  const auto changed = calls.change(wanted.type(), name, {}, [&wanted](const api::Object& now) -> ApiResult<std::shared_ptr<api::Object>> {
    auto next = completed(now, wanted);
    return next ? next : api::clone(now);
  });
  return changed.ok() ? Status() : status::to_error(changed.status());
}

Status keep(OwnCalls& calls, const api::Object& wanted) {
  const ObjectName name{wanted.metadata.namespace_.str(), wanted.metadata.name.str()};
  const ClusterView& cluster = calls.registry();
  const api::ObjectPtr current = cluster.get(wanted.type(), name.namespace_, name.name);
  if (!current || is_left_alone(*current)) return {};
  const bool another = binds_another<rbacv1::RoleBinding>(*current, wanted) || binds_another<rbacv1::ClusterRoleBinding>(*current, wanted);
  if (!another && !completed(*current, wanted)) return {};
  const Status kept = another ? make_anew(calls, name, wanted) : add_what_lacks(calls, name, wanted);
  if (!kept.ok()) return kept.error().in("keeping the default " + std::string(wanted.type().name) + " " + name.name);
  return {};
}

}  // namespace

std::shared_ptr<api::Object> completed(const api::Object& current, const api::Object& wanted) {
  if (is_left_alone(current)) return nullptr;
  const api::TypeInfo* type = &wanted.type();
  if (type == &rbacv1::Role::info()) return completed_as<rbacv1::Role>(current, wanted);
  if (type == &rbacv1::ClusterRole::info()) return completed_as<rbacv1::ClusterRole>(current, wanted);
  if (type == &rbacv1::RoleBinding::info()) return completed_as<rbacv1::RoleBinding>(current, wanted);
  return completed_as<rbacv1::ClusterRoleBinding>(current, wanted);
}

Status keep_policy(OwnCalls& calls, const std::vector<std::shared_ptr<api::Object>>& policy) {
  // Copies are made: what is created gets a time and a UID, and `policy` says what is wanted.
  std::vector<std::shared_ptr<api::Object>> made;
  for (const auto& wanted : policy) made.push_back(api::clone(*wanted));
  PLUMB_TRY(calls.create_missing(std::move(made)));
  for (const auto& wanted : policy) PLUMB_TRY(keep(calls, *wanted));
  return {};
}

}  // namespace plumb::apiserver
