#include "reference/apiserver/authorization/rbac.h"

#include <array>
#include <map>
#include <unordered_map>

namespace plumb::apiserver {
namespace {

template <class Texts>
bool has(const Texts& texts, std::string_view wanted) {
  for (const auto& text : texts)
    if (text.view() == wanted || text.view() == "*") return true;
  return false;
}

// "pods/log" matches "pods/log", "*" and "*/log".
bool has_resource(const api::List<api::Str>& resources, std::string_view resource, std::string_view subresource) {
  for (const api::Str& text : resources) {
    const std::string_view rule = text.view();
    if (rule == "*") return true;
    const std::size_t slash = rule.find('/');
    if (slash == std::string_view::npos ? subresource.empty() && rule == resource
                                        : rule.substr(slash + 1) == subresource && (rule.substr(0, slash) == "*" || rule.substr(0, slash) == resource))
      return true;
  }
  return false;
}

bool has_path(const api::List<api::Str>& urls, std::string_view path) {
  for (const api::Str& text : urls) {
    const std::string_view rule = text.view();
    if (rule == path || (rule.ends_with('*') && path.starts_with(rule.substr(0, rule.size() - 1)))) return true;
  }
  return false;
}

}  // namespace

bool allows(const rbacv1::PolicyRule& rule, const Attributes& a) {
  if (!has(rule.verbs, a.verb)) return false;
  if (!a.is_resource) return has_path(rule.nonResourceURLs, a.path);
  if (!has(rule.apiGroups, a.group) || !has_resource(rule.resources, a.resource, a.subresource)) return false;
  if (rule.resourceNames.empty()) return true;
  for (const api::Str& name : rule.resourceNames)
    if (name == a.name) return true;
  return false;
}

Verdict SuperuserAuthorizer::authorize(const Attributes& attributes) {
  if (attributes.user->in_group(masters_group)) return {Decision::allow, ""};
  return {};
}

void SuperuserAuthorizer::rules(const User& user, std::string_view, authorizationv1::SubjectRulesReviewStatus& status) {
  if (!user.in_group(masters_group)) return;
  auto& resource = status.resourceRules.emplace_back();
  resource.verbs = {"*"};
  resource.apiGroups = {"*"};
  resource.resources = {"*"};
  auto& path = status.nonResourceRules.emplace_back();
  path.verbs = {"*"};
  path.nonResourceURLs = {"*"};
}

// Bindings by subject: "User:name", "Group:name"; a service account is the user it logs in as.
struct RbacAuthorizer::Index {
  struct Grant {
    std::string namespace_;  // empty: everywhere
    std::string binding;     // for the reason
    std::shared_ptr<const api::List<rbacv1::PolicyRule>> rules;
  };
  std::array<Revision, 4> revisions{};
  std::unordered_map<std::string, std::vector<Grant>> by_subject;

  template <class Visit>
  void visit(const User& user, std::string_view namespace_, Visit&& visit) const {
    const auto each = [&](const std::string& subject) {
      const auto found = by_subject.find(subject);
      if (found == by_subject.end()) return true;
      for (const Grant& grant : found->second)
        if ((grant.namespace_.empty() || grant.namespace_ == namespace_) && !visit(grant)) return false;
      return true;
    };
    if (!each("User:" + user.name)) return;
    for (const std::string& group : user.groups)
      if (!each("Group:" + group)) return;
  }
};

RbacAuthorizer::RbacAuthorizer(const WatchCache& cache) : cache_(cache) {
  const api::TypeInfo* types[] = {&rbacv1::Role::info(), &rbacv1::ClusterRole::info(), &rbacv1::RoleBinding::info(), &rbacv1::ClusterRoleBinding::info()};
  for (int i = 0; i < 4; ++i)
    if (const auto* resource = resources::find_by_type(*types[i])) sources_[i] = cache_.find(*resource);
}
RbacAuthorizer::~RbacAuthorizer() = default;

std::shared_ptr<const RbacAuthorizer::Index> RbacAuthorizer::index() const {
  std::array<ResourceCache::State, 4> states;
  std::array<Revision, 4> revisions{};
  for (int i = 0; i < 4; ++i) {
    if (!sources_[i]) continue;
    states[i] = sources_[i]->state();
    revisions[i] = states[i].last_change;
  }
  std::lock_guard lock(mutex_);
  if (index_ && index_->revisions == revisions) return index_;

  using Rules = std::shared_ptr<const api::List<rbacv1::PolicyRule>>;
  auto made = std::make_shared<Index>();
  made->revisions = revisions;
  std::map<std::string, Rules> roles;  // "namespace/name" and "name"
  const auto each = [&](int i, auto&& visit) {
    if (states[i].objects) states[i].objects->visit("", "", [&](const CachedPtr& cached) { return visit(cached), true; });
  };
  // The rules live as long as the cached object that holds them.
  each(0, [&](const CachedPtr& c) { roles[std::string(c->key())] = Rules(c, &static_cast<const rbacv1::Role&>(**c).rules); });
  each(1, [&](const CachedPtr& c) { roles[std::string(c->key())] = Rules(c, &static_cast<const rbacv1::ClusterRole&>(**c).rules); });
  const auto bind = [&](const auto& binding, const std::string& namespace_, const char* kind) {
    const std::string role = (binding.roleRef.kind == "Role" ? namespace_ + "/" : std::string()) + binding.roleRef.name;
    const auto found = roles.find(role);
    if (found == roles.end()) return;
    std::string reason = std::string("RBAC: allowed by ") + kind + " \"" + binding.metadata.name.str() + (namespace_.empty() ? "" : "/" + namespace_) + "\" of " +
                         binding.roleRef.kind.str() + " \"" + binding.roleRef.name.str() + "\"";
    for (const rbacv1::Subject& subject : binding.subjects) {
      std::string key = subject.kind.str() + ":" + subject.name.str();
      if (subject.kind == "ServiceAccount")
        key = "User:system:serviceaccount:" + (subject.namespace_.empty() ? namespace_ : subject.namespace_.str()) + ":" + subject.name.str();
      made->by_subject[key].push_back({namespace_, reason, found->second});
    }
  };
  each(2, [&](const CachedPtr& c) { bind(static_cast<const rbacv1::RoleBinding&>(**c), (**c).metadata.namespace_.str(), "RoleBinding"); });
  each(3, [&](const CachedPtr& c) { bind(static_cast<const rbacv1::ClusterRoleBinding&>(**c), "", "ClusterRoleBinding"); });
  index_ = made;
  return index_;
}

Verdict RbacAuthorizer::authorize(const Attributes& attributes) {
  Verdict verdict;
  const auto current = index();
  current->visit(*attributes.user, attributes.namespace_, [&](const Index::Grant& grant) {
    for (const rbacv1::PolicyRule& rule : *grant.rules) {
      if (!allows(rule, attributes)) continue;
      verdict = {Decision::allow, grant.binding + " to " + "\"" + attributes.user->name + "\""};
      return false;
    }
    return true;
  });
  return verdict;
}

void RbacAuthorizer::rules(const User& user, std::string_view namespace_, authorizationv1::SubjectRulesReviewStatus& status) {
  const auto current = index();
  current->visit(user, namespace_, [&](const Index::Grant& grant) {
    for (const rbacv1::PolicyRule& rule : *grant.rules) {
      if (!rule.resources.empty()) {
        auto& made = status.resourceRules.emplace_back();
        made.verbs = rule.verbs;
        made.apiGroups = rule.apiGroups;
        made.resources = rule.resources;
        made.resourceNames = rule.resourceNames;
      }
      if (!rule.nonResourceURLs.empty() && grant.namespace_.empty()) {
        auto& made = status.nonResourceRules.emplace_back();
        made.verbs = rule.verbs;
        made.nonResourceURLs = rule.nonResourceURLs;
      }
    }
    return true;
  });
}

}  // namespace plumb::apiserver
