#include "reference/resources/shared/checks.h"

#include <charconv>

namespace plumb::resources {

void invalid_each(const api::Problems& problems, const FieldPath& path, std::string_view shown, FieldErrors& errors) {
  for (const std::string& problem : problems) errors.invalid(path, shown, problem);
}

void check_nonnegative(std::int64_t value, const FieldPath& path, FieldErrors& errors) {
  if (value < 0) errors.invalid(path, std::to_string(value), "must be greater than or equal to 0");
}

void check_not_decremented(const api::Opt<std::int32_t>& next, const api::Opt<std::int32_t>& previous, const FieldPath& path, FieldErrors& errors) {
  if (previous && (!next || *next < *previous)) errors.invalid(path, std::to_string(next.value_or(0)), "cannot be decremented");
}

void check_required(std::string_view value, const FieldPath& path, FieldErrors& errors) {
  if (value.empty()) errors.required(path);
}

void check_port_number_or_name(const api::IntOrString& port, const FieldPath& path, FieldErrors& errors) {
  if (port.is_string())
    check_text(api::check_port_name(port.text), path, port.text, errors);
  else
    check_number(api::check_port_number(port.number), path, port.number, errors);
}

std::string shown(const api::IntOrString& value) { return value.is_string() ? quoted(value.text) : std::to_string(value.number); }

namespace {
int percent_of(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}
}  // namespace

bool is_zero(const api::IntOrString& value) { return value.is_string() ? percent_of(value.text) == 0 : value.number == 0; }

void check_count_or_percent(const api::IntOrString& value, const FieldPath& path, FieldErrors& errors) {
  if (!value.is_string()) return check_nonnegative(value.number, path, errors);
  const auto problems = api::check_percent(value.text);
  check_text(problems, path, value.text, errors);
  if (problems.empty() && percent_of(value.text) > 100) errors.invalid(path, shown(value), "must not be greater than 100%");
}

void check_annotations(const api::Map<api::Str>& annotations, const FieldPath& path, FieldErrors& errors) {
  for (const auto& [key, value] : annotations) check_text(api::check_annotation_key(key), path, key, errors);
}

void check_immutable(bool changed, const FieldPath& path, std::string_view shown, FieldErrors& errors) {
  if (changed) errors.invalid(path, shown, "field is immutable");
}

}  // namespace plumb::resources
