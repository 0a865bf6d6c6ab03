#include "reference/resources/shared/label_selector.h"

#include <optional>

#include "reference/api/text/names.h"

namespace plumb::resources {
namespace {

using Op = api::SelectorOperator;

std::optional<Op> operator_of(std::string_view name) {
  if (name == "In") return Op::in;
  if (name == "NotIn") return Op::not_in;
  if (name == "Exists") return Op::exists;
  if (name == "DoesNotExist") return Op::does_not_exist;
  return std::nullopt;
}

std::string join(const api::List<api::Str>& list, std::string_view separator, bool quoted) {
  std::string out;
  for (const auto& one : list) {
    if (!out.empty()) out += separator;
    out += quoted ? FieldErrors::quoted(one) : one.str();
  }
  return out;
}

}  // namespace

api::LabelSelector to_selector(const metav1::LabelSelector* selector) {
  if (!selector) return api::LabelSelector::nothing();
  std::vector<api::LabelRequirement> requirements;
  for (const auto& [key, value] : selector->matchLabels) {
    auto made = api::LabelRequirement::make(key.str(), Op::equals, {value.str()});
    if (!made.ok()) return api::LabelSelector::nothing();
    requirements.push_back(std::move(made).value());
  }
  for (const auto& expression : selector->matchExpressions) {
    const auto op = operator_of(expression.operator_);
    if (!op) return api::LabelSelector::nothing();
    auto made = api::LabelRequirement::make(expression.key.str(), *op, {expression.values.begin(), expression.values.end()});
    if (!made.ok()) return api::LabelSelector::nothing();
    requirements.push_back(std::move(made).value());
  }
  return api::LabelSelector(std::move(requirements));
}

api::LabelSelector to_selector(const api::Map<api::Str>& labels) {
  metav1::LabelSelector selector;
  selector.matchLabels = labels;
  return to_selector(&selector);
}

bool is_empty(const metav1::LabelSelector& selector) { return selector.matchLabels.empty() && selector.matchExpressions.empty(); }

bool matches(const api::LabelSelector& selector, const api::Map<api::Str>& labels) {
  return selector.matches([&](std::string_view key) -> std::optional<std::string_view> {
    const api::Str* value = labels.find(key);
    return value ? std::optional(value->view()) : std::nullopt;
  });
}

std::string format_label_selector(const metav1::LabelSelector* selector) {
  const std::string text = to_selector(selector).to_string();
  return text.empty() ? "<none>" : text;
}

std::string format_labels(const api::Map<api::Str>& labels) {
  std::string out;
  for (const auto& [key, value] : labels) out.append(out.empty() ? "" : ",").append(key.view()).append("=").append(value.view());
  return out.empty() ? "<none>" : out;
}

void check_labels(const api::Map<api::Str>& labels, const FieldPath& path, FieldErrors& errors) {
  for (const auto& [key, value] : labels) {
    for (const auto& problem : api::check_qualified_name(key)) errors.invalid(path, FieldErrors::quoted(key), problem);
    for (const auto& problem : api::check_label_value(value)) errors.invalid(path, FieldErrors::quoted(value), problem);
  }
}

void check_label_selector(const metav1::LabelSelector& selector, const FieldPath& path, FieldErrors& errors) {
  check_labels(selector.matchLabels, path.child("matchLabels"), errors);
  for (std::size_t i = 0; i < selector.matchExpressions.size(); ++i) {
    const auto& one = selector.matchExpressions[i];
    const FieldPath at = path.child("matchExpressions").index(i);
    const auto op = operator_of(one.operator_);
    if (!op) errors.invalid(at.child("operator"), FieldErrors::quoted(one.operator_), "not a valid selector operator");
    if ((op == Op::in || op == Op::not_in) && one.values.empty())
      errors.required(at.child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
    if ((op == Op::exists || op == Op::does_not_exist) && !one.values.empty())
      errors.forbidden(at.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    for (const auto& problem : api::check_qualified_name(one.key)) errors.invalid(at.child("key"), FieldErrors::quoted(one.key), problem);
    for (std::size_t j = 0; j < one.values.size(); ++j)
      for (const auto& problem : api::check_label_value(one.values[j]))
        errors.invalid(at.child("values").index(j), FieldErrors::quoted(one.values[j]), problem);
  }
}

std::string go_text(const api::Map<api::Str>& map) {
  std::string out = "{";
  for (const auto& [key, value] : map)
    out.append(out.size() > 1 ? "," : "").append(FieldErrors::quoted(key)).append(":").append(FieldErrors::quoted(value));
  return out += "}";
}

std::string go_text(const metav1::LabelSelector& selector) {
  std::string out = "{";
  if (!selector.matchLabels.empty()) out += "\"matchLabels\":" + go_text(selector.matchLabels);
  if (!selector.matchExpressions.empty()) {
    out += out.size() > 1 ? ",\"matchExpressions\":[" : "\"matchExpressions\":[";
    for (const auto& one : selector.matchExpressions) {
      if (out.back() != '[') out += ',';
      out += "{\"key\":" + FieldErrors::quoted(one.key) + ",\"operator\":" + FieldErrors::quoted(one.operator_);
      if (!one.values.empty()) out += ",\"values\":[" + join(one.values, ",", true) + "]";
      out += "}";
    }
    out += "]";
  }
  return out += "}";
}

}  // namespace plumb::resources
