#include "reference/resources/shared/type_defaults.h"

#include <charconv>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "reference/api/text/quantity.h"

namespace plumb::resources {
namespace {

struct Plan;
struct Step {
  const api::FieldInfo* field;
  enum class Does { descend, round_quantities, marker } does;
  const Plan* inner = nullptr;
};
struct Plan {
  std::vector<DefaultRule> rules;
  std::vector<Step> steps;
  bool empty() const { return rules.empty() && steps.empty(); }
};

std::unordered_map<const api::TypeInfo*, std::vector<DefaultRule>>& rules() {
  static std::unordered_map<const api::TypeInfo*, std::vector<DefaultRule>> instance;
  return instance;
}

// A marker that names a Go constant is left to the rule of its type.
bool is_literal(const api::FieldInfo& field) {
  const std::string_view value = field.default_value;
  if (value.empty()) return false;
  if (field.kind != api::Kind::string) return true;
  return value.front() == '"' && (value.size() > 2 || field.shape == api::Shape::optional);
}
std::string_view unquoted(std::string_view json) { return json.substr(1, json.size() - 2); }

// Plans of every type met so far; a type that contains itself refers to its own plan.
class Plans {
 public:
  const Plan& of(const api::TypeInfo& type) {
    {
      std::shared_lock lock(mutex_);
      if (const auto at = made_.find(&type); at != made_.end()) return *at->second;
    }
    std::unique_lock lock(mutex_);
    return make(type);
  }

 private:
  const Plan& make(const api::TypeInfo& type) {
    if (const auto at = made_.find(&type); at != made_.end()) return *at->second;
    Plan& plan = *made_.emplace(&type, std::make_unique<Plan>()).first->second;
    if (const auto at = rules().find(&type); at != rules().end()) plan.rules = at->second;
    std::vector<Step> steps;
    for (const api::FieldInfo& field : type.json_fields) {
      if (is_literal(field)) steps.push_back({&field, Step::Does::marker});
      if (field.kind == api::Kind::quantity && field.shape == api::Shape::map && type.package == "corev1")
        steps.push_back({&field, Step::Does::round_quantities});
      if (field.kind != api::Kind::structure) continue;
      const bool cyclic = made_.contains(field.type) && made_.at(field.type).get() == &plan;
      if (const Plan& inner = make(*field.type); cyclic || !inner.empty()) steps.push_back({&field, Step::Does::descend, &inner});
    }
    plan.steps = std::move(steps);
    return plan;
  }

  std::shared_mutex mutex_;
  std::unordered_map<const api::TypeInfo*, std::unique_ptr<Plan>> made_;
};

Plans& plans() {
  static Plans instance;
  return instance;
}

template <class Number>
Number number(std::string_view json) {
  Number value = 0;
  std::from_chars(json.data(), json.data() + json.size(), value);
  return value;
}

// A marker's value, for a field that is unset.
void apply_marker(const api::FieldInfo& field, char* at) {
  const bool optional = field.shape == api::Shape::optional;
  switch (field.kind) {
    case api::Kind::string: {
      auto& text = *reinterpret_cast<api::Str*>(at);
      if (optional ? !text.is_set() : text.empty()) text = unquoted(field.default_value);
      return;
    }
    case api::Kind::boolean:
      if (auto& value = *reinterpret_cast<api::Opt<bool>*>(at); optional && !value) value = field.default_value == "true";
      return;
    case api::Kind::int32: {
      const auto value = number<std::int32_t>(field.default_value);
      if (!optional && !*reinterpret_cast<std::int32_t*>(at)) *reinterpret_cast<std::int32_t*>(at) = value;
      if (auto& place = *reinterpret_cast<api::Opt<std::int32_t>*>(at); optional && !place) place = value;
      return;
    }
    case api::Kind::int64: {
      const auto value = number<std::int64_t>(field.default_value);
      if (!optional && !*reinterpret_cast<std::int64_t*>(at)) *reinterpret_cast<std::int64_t*>(at) = value;
      if (auto& place = *reinterpret_cast<api::Opt<std::int64_t>*>(at); optional && !place) place = value;
      return;
    }
    default:
      return;  // no marker stands on another kind
  }
}

// Amounts finer than a thousandth are rounded up to it.
void round_quantities(char* at) {
  for (auto& [name, amount] : *reinterpret_cast<api::Map<api::QuantityText>*>(at)) {
    const std::string_view text = amount.text;
    if (text.find_first_of("nue") == std::string_view::npos) continue;
    const auto parsed = api::Quantity::parse(text);
    if (!parsed.ok()) continue;
    const auto rounded = api::Quantity::of_milli(parsed->milli_value(), parsed->format());
    if (rounded != *parsed) amount.text = rounded.to_string();
  }
}

void apply(const Plan& plan, char* structure);

void descend(const Step& step, char* at) {
  const api::FieldInfo& field = *step.field;
  switch (field.shape) {
    case api::Shape::single:
      return apply(*step.inner, at);
    case api::Shape::optional:
      if (char* inner = *reinterpret_cast<char**>(at)) apply(*step.inner, inner);
      return;
    case api::Shape::list: {
      const auto& list = *reinterpret_cast<api::RawList*>(at);
      for (std::size_t i = 0; i < list.size(); ++i) apply(*step.inner, list.data() + i * field.type->size);
      return;
    }
    case api::Shape::map: {
      const auto& list = *reinterpret_cast<api::RawList*>(at);
      const std::size_t entry = sizeof(api::Str) + field.type->size;
      for (std::size_t i = 0; i < list.size(); ++i) apply(*step.inner, list.data() + i * entry + sizeof(api::Str));
      return;
    }
  }
}

void apply(const Plan& plan, char* structure) {
  for (const DefaultRule rule : plan.rules) rule(structure);
  for (const Step& step : plan.steps) {
    char* at = structure + step.field->offset;
    if (step.does == Step::Does::marker) apply_marker(*step.field, at);
    if (step.does == Step::Does::round_quantities) round_quantities(at);
    if (step.does == Step::Does::descend) descend(step, at);
  }
}

}  // namespace

void add_type_default(const api::TypeInfo& type, DefaultRule rule) { rules()[&type].push_back(rule); }

void apply_type_defaults(const api::TypeInfo& type, void* structure) { apply(plans().of(type), static_cast<char*>(structure)); }
void apply_type_defaults(api::Object& object) { apply_type_defaults(object.type(), &object); }

}  // namespace plumb::resources
