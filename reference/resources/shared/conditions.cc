#include "reference/resources/shared/conditions.h"

#include <set>

#include "reference/api/text/names.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

constexpr std::size_t longest_reason = 1024, longest_message = 32 * 1024;

void check_reason(std::string_view reason, const FieldPath& path, FieldErrors& errors) {
  if (reason.empty()) return errors.required(path, "must be set");
  check_text(api::check_condition_reason(reason), path, reason, errors);
  if (reason.size() > longest_reason) errors.too_long(path, longest_reason);
}

}  // namespace

void check_conditions(const api::List<metav1::Condition>& conditions, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> types;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const metav1::Condition& each = conditions[i];
    const FieldPath at = path.index(i);
    if (!types.insert(each.type.view()).second) errors.duplicate(at.child("type"), quoted(each.type));
    check_text(api::check_qualified_name(each.type), at.child("type"), each.type, errors);
    if (each.status != metav1::ConditionTrue && each.status != metav1::ConditionFalse && each.status != metav1::ConditionUnknown)
      errors.not_supported(at.child("status"), quoted(each.status), {metav1::ConditionFalse, metav1::ConditionTrue, metav1::ConditionUnknown});
    if (each.observedGeneration < 0)
      errors.invalid(at.child("observedGeneration"), std::to_string(each.observedGeneration), "must be greater than or equal to zero");
    if (!each.lastTransitionTime) errors.required(at.child("lastTransitionTime"), "must be set");
    check_reason(each.reason, at.child("reason"), errors);
    if (each.message.size() > longest_message) errors.too_long(at.child("message"), longest_message);
  }
}

}  // namespace plumb::resources
