#include <algorithm>

#include "reference/resources/podspec/validate.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

bool is_huge_page(std::string_view name) { return name.starts_with("hugepages-"); }
bool is_native(std::string_view name) { return name.find('/') == std::string_view::npos || name.find("kubernetes.io/") != std::string_view::npos; }
bool is_overcommit_allowed(std::string_view name) { return is_native(name) && !is_huge_page(name); }
bool is_standard(std::string_view name) { return name == "cpu" || name == "memory" || name == "ephemeral-storage" || is_huge_page(name); }

bool is_extended(std::string_view name) {
  if (is_native(name) || name.starts_with("requests.")) return false;
  return api::check_qualified_name("requests." + std::string(name)).empty();
}

}  // namespace

void check_resource_name(std::string_view name, const FieldPath& path, FieldErrors& errors) {
  const auto problems = api::check_qualified_name(name);
  check_text(problems, path, name, errors);
  if (!problems.empty()) return;
  if (name.find('/') == std::string_view::npos) {
    if (!is_standard(name)) errors.invalid(path, quoted(name), "must be a standard resource for containers");
  } else if (!is_native(name) && !is_extended(name)) {
    errors.invalid(path, quoted(name), "doesn't follow extended resource name standard");
  }
}

void check_resource_amount(std::string_view name, const api::QuantityText& amount, const FieldPath& path, FieldErrors& errors) {
  const auto value = api::Quantity::parse(amount.text);
  if (!value.ok()) return;
  if (value->sign() < 0) errors.invalid(path, quoted(amount.text), "must be greater than or equal to 0");
  const bool whole = is_extended(name) || name == "pods" || name.starts_with("count/");
  if (whole && value->milli_value() % 1000) errors.invalid(path, quoted(amount.text), "must be an integer");
}

void check_resources(const corev1::ResourceRequirements& resources, const FieldPath& path, FieldErrors& errors) {
  bool huge = false, compute = false;
  const auto note = [&](std::string_view name) {
    huge |= is_huge_page(name);
    compute |= name == "cpu" || name == "memory";
  };
  for (const auto& [name, amount] : resources.limits) {
    check_resource_name(name, path.child("limits").key(name), errors);
    check_resource_amount(name, amount, path.child("limits").key(name), errors);
    note(name);
  }
  const FieldPath requests = path.child("requests");
  for (const auto& [name, amount] : resources.requests) {
    check_resource_name(name, requests.key(name), errors);
    check_resource_amount(name, amount, requests.key(name), errors);
    note(name);
    const auto wanted = api::Quantity::parse(amount.text);
    const api::QuantityText* limit = resources.limits.find(name);
    if (!limit && !is_overcommit_allowed(name)) errors.required(path.child("limits"), "Limit must be set for non overcommitable resources");
    const auto most = limit ? api::Quantity::parse(limit->text) : wanted;
    if (!limit || !wanted.ok() || !most.ok()) continue;
    if (*wanted != *most && !is_overcommit_allowed(name))
      errors.invalid(requests, quoted(amount.text), "must be equal to " + name.str() + " limit of " + limit->text.str());
    else if (*wanted > *most)
      errors.invalid(requests, quoted(amount.text), "must be less than or equal to " + name.str() + " limit of " + limit->text.str());
  }
  if (huge && !compute) errors.forbidden(path, "HugePages require cpu or memory");
}

}  // namespace plumb::resources
