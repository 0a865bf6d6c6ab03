#include "reference/resources/resourcequotas/evaluator.h"

#include <algorithm>
#include <map>
#include <memory>

#include "harness/base/encoding.h"

namespace plumb::resources::quota {
namespace {

// Counts objects, under their generic name and, for a few, under the older one.
class Counter final : public Evaluator {
 public:
  explicit Counter(const Resource& resource) : names_{count_name(resource)} {
    static const Names older{"configmaps", "replicationcontrollers", "resourcequotas", "secrets"};
    if (resource.group().empty() && older.contains(resource.names().plural)) names_.insert(resource.names().plural);
  }
  bool tracks(std::string_view name) const override { return names_.contains(name); }
  Amounts usage(const api::Object&, WallTime) const override {
    Amounts amounts;
    for (const std::string& name : names_) amounts.emplace(name, api::Quantity::of(1));
    return amounts;
  }

 private:
  Names names_;
};

const Evaluator* measured(const Resource& resource) {
  if (!resource.group().empty()) return nullptr;
  if (resource.names().plural == "pods") return &pods();
  if (resource.names().plural == "services") return &services();
  if (resource.names().plural == "persistentvolumeclaims") return &claims();
  return nullptr;
}

std::map<std::string, std::unique_ptr<Counter>> make_counters() {
  std::map<std::string, std::unique_ptr<Counter>> made;
  for (const Resource* resource : all())
    if (resource->names().namespaced && !resource->is_virtual() && resource->names().plural != "events")
      made.try_emplace(resource->group_resource(), std::make_unique<Counter>(*resource));
  return made;
}

}  // namespace

const Evaluator* evaluator_of(const Resource& resource) {
  static const auto counters = make_counters();
  if (const Evaluator* found = measured(resource)) return found;
  const auto found = counters.find(resource.group_resource());
  return found == counters.end() ? nullptr : found->second.get();
}

std::string count_name(const Resource& resource) { return "count/" + resource.group_resource(); }

Names tracked(const Evaluator& evaluator, const api::Map<api::QuantityText>& hard) {
  Names names;
  for (const auto& [name, amount] : hard)
    if (evaluator.tracks(name)) names.insert(name.str());
  return names;
}

bool in_scopes(const Evaluator& evaluator, const corev1::ResourceQuotaSpec& spec, const api::Object& object) {
  for (const api::Str& scope : spec.scopes) {
    corev1::ScopedResourceSelectorRequirement exists;
    exists.scopeName = scope;
    exists.operator_ = corev1::ScopeSelectorOpExists;
    if (!evaluator.in_scope(object, exists)) return false;
  }
  if (!spec.scopeSelector) return true;
  const auto& expressions = spec.scopeSelector->matchExpressions;
  return std::all_of(expressions.begin(), expressions.end(), [&](const auto& each) { return evaluator.in_scope(object, each); });
}

bool selects(const corev1::ScopedResourceSelectorRequirement& requirement, const std::set<std::string_view>& values) {
  const auto& meant = requirement.values;
  const bool named = std::any_of(meant.begin(), meant.end(), [&](const api::Str& value) { return values.contains(value.view()); });
  const bool others = std::any_of(values.begin(), values.end(), [&](std::string_view value) { return std::find(meant.begin(), meant.end(), value) == meant.end(); });
  if (requirement.operator_ == corev1::ScopeSelectorOpIn) return named;
  if (requirement.operator_ == corev1::ScopeSelectorOpNotIn) return values.empty() || others;
  if (requirement.operator_ == corev1::ScopeSelectorOpExists) return !values.empty();
  return values.empty();
}

}  // namespace plumb::resources::quota
