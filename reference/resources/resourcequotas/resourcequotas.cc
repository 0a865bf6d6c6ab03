#include <set>

#include "reference/api/types/corev1.h"
#include "reference/resources/resourcequotas/quota_names.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using Scopes = std::set<std::string_view>;

void check_name(std::string_view name, const FieldPath& path, FieldErrors& errors) {
  const auto problems = api::check_qualified_name(name);
  check_text(problems, path, name, errors);
  if (!problems.empty() || name.find('/') != name.npos || quota::is_standard(name)) return;
  if (name != "storage") errors.invalid(path, quoted(name), "must be a standard resource type or fully qualified");
  errors.invalid(path, quoted(name), "must be a standard resource for quota");
}

// Names of things that are counted, and of those that are not shared out in parts.
bool is_whole(std::string_view name) {
  static const Scopes counted{"pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims",
                              "services.nodeports", "services.loadbalancers"};
  if (counted.contains(name)) return true;
  return !quota::is_native(name) && !name.starts_with("requests.") && api::check_qualified_name("requests." + std::string(name)).empty();
}

void check_amount(std::string_view name, const api::QuantityText& text, const FieldPath& path, FieldErrors& errors) {
  const auto amount = api::Quantity::parse(text.text);
  if (!amount.ok()) return;
  if (amount->sign() < 0) errors.invalid(path, quoted(text.text), "must be greater than or equal to 0");
  if (is_whole(name) && amount->milli_value() % 1000) errors.invalid(path, quoted(text.text), "must be an integer");
}

void check_amounts(const api::Map<api::QuantityText>& amounts, const FieldPath& path, FieldErrors& errors) {
  for (const auto& [name, amount] : amounts) {
    check_name(name, path.key(name), errors);
    check_amount(name, amount, path.key(name), errors);
  }
}

std::string listed(const api::List<api::Str>& scopes) {
  std::string text = "[";
  for (const api::Str& scope : scopes) text.append(text.size() > 1 ? "," : "").append(quoted(scope));
  return text + "]";
}

void check_suits(const corev1::ResourceQuotaSpec& spec, std::string_view scope, const FieldPath& path, std::string_view shown,
                 FieldErrors& errors) {
  for (const auto& [name, amount] : spec.hard)
    if (quota::is_standard(name) && !quota::suits_scope(name, scope)) errors.invalid(path, shown, "unsupported scope applied to resource");
}

void check_conflicts(const Scopes& scopes, const FieldPath& path, std::string_view shown, FieldErrors& errors) {
  const auto both = [&](std::string_view one, std::string_view other) {
    if (scopes.contains(one) && scopes.contains(other)) errors.invalid(path, shown, "conflicting scopes");
  };
  both(corev1::ResourceQuotaScopeBestEffort, corev1::ResourceQuotaScopeNotBestEffort);
  both(corev1::ResourceQuotaScopeTerminating, corev1::ResourceQuotaScopeNotTerminating);
}

void check_scopes(const corev1::ResourceQuotaSpec& spec, FieldErrors& errors) {
  const FieldPath path = FieldPath("spec").child("scopes");
  const std::string shown = listed(spec.scopes);
  Scopes seen;
  for (const api::Str& scope : spec.scopes) {
    if (!quota::is_scope(scope)) errors.invalid(path, shown, "unsupported scope");
    check_suits(spec, scope, path, shown, errors);
    seen.insert(scope.view());
  }
  check_conflicts(seen, path, shown, errors);
}

void check_operator(const corev1::ScopedResourceSelectorRequirement& requirement, const FieldPath& path, FieldErrors& errors) {
  const api::Str &scope = requirement.scopeName, &op = requirement.operator_;
  const bool by_value = scope == corev1::ResourceQuotaScopePriorityClass || scope == corev1::ResourceQuotaScopeVolumeAttributesClass;
  if (quota::is_scope(scope) && !by_value && op != corev1::ScopeSelectorOpExists)
    errors.invalid(path.child("operator"), quoted(op),
                   "must be 'Exist' only operator when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                   "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity");
  if (op == corev1::ScopeSelectorOpIn || op == corev1::ScopeSelectorOpNotIn) {
    if (requirement.values.empty())
      errors.required(path.child("values"), "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
  } else if (op == corev1::ScopeSelectorOpExists || op == corev1::ScopeSelectorOpDoesNotExist) {
    if (!requirement.values.empty())
      errors.invalid(path.child("values"), listed(requirement.values),
                     "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector");
  } else {
    errors.invalid(path.child("operator"), quoted(op), "not a valid selector operator");
  }
}

void check_scope_selector(const corev1::ResourceQuotaSpec& spec, FieldErrors& errors) {
  if (!spec.scopeSelector) return;
  const FieldPath path = FieldPath("spec").child("scopeSelector").child("matchExpressions");
  Scopes seen;
  for (const auto& requirement : spec.scopeSelector->matchExpressions) {
    if (!quota::is_scope(requirement.scopeName)) errors.invalid(path.child("scopeName"), quoted(requirement.scopeName), "unsupported scope");
    check_suits(spec, requirement.scopeName, path, quoted(requirement.scopeName), errors);
    check_operator(requirement, path, errors);
    seen.insert(requirement.scopeName.view());
  }
  check_conflicts(seen, path, listed(spec.scopes), errors);
}

Scopes scopes_of(const corev1::ResourceQuota& quota) {
  Scopes scopes;
  for (const api::Str& scope : quota.spec.scopes) scopes.insert(scope.view());
  return scopes;
}

class ResourceQuotas final : public Typed<corev1::ResourceQuota> {
 public:
  ResourceQuotas() : Typed(Names{"resourcequotas", "resourcequota", {"quota"}, {}, true}) {}
  bool has_generation() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(), text_column("Request", "What is used of what may be requested."),
            text_column("Limit", "What is used of what limits may add up to."), age_column()};
  }

 protected:
  void check(const corev1::ResourceQuota& quota, FieldErrors& errors) const override {
    check_amounts(quota.spec.hard, FieldPath("spec").child("hard"), errors);
    check_scopes(quota.spec, errors);
    check_scope_selector(quota.spec, errors);
    check_status(quota, errors);
  }
  void check_update(const corev1::ResourceQuota& next, const corev1::ResourceQuota& previous, FieldErrors& errors) const override {
    check_immutable(scopes_of(next) != scopes_of(previous), FieldPath("spec").child("scopes"), listed(next.spec.scopes), errors);
  }
  void check_status_update(const corev1::ResourceQuota& next, const corev1::ResourceQuota&, FieldErrors& errors) const override {
    check_status(next, errors);
  }
  std::vector<Cell> cells(const corev1::ResourceQuota& quota, WallTime now) const override {
    std::string requests, limits;
    for (const auto& [name, hard] : quota.status.hard) {
      std::string& out = name.view().starts_with("limits.") ? limits : requests;
      out += (out.empty() ? "" : ", ") + name.str() + ": " + text_of(quota.status.used, name) + "/" + hard.text.str();
    }
    return {quota.metadata.name, requests, limits, age(quota, now)};
  }

 private:
  static void check_status(const corev1::ResourceQuota& quota, FieldErrors& errors) {
    check_amounts(quota.status.hard, FieldPath("status").child("hard"), errors);
    check_amounts(quota.status.used, FieldPath("status").child("used"), errors);
  }
};

const Registered<Resource> registered_resourcequotas{"resourcequotas", [] { return std::make_unique<ResourceQuotas>(); }};

}  // namespace
}  // namespace plumb::resources
