// Rules that validations of many fields share. `Problems` come from reference/api/text/names.h. Values of closed enumerations are not
// looked at here or by any resource: the schema alone refuses others.
#pragma once

#include <string>
#include <string_view>

#include "reference/api/text/names.h"
#include "reference/api/text/quantity.h"
#include "reference/api/values/scalars.h"
#include "reference/resources/field_errors.h"

namespace plumb::resources {

inline std::string quoted(std::string_view text) { return FieldErrors::quoted(text); }

// One error for each problem.
void invalid_each(const api::Problems& problems, const FieldPath& path, std::string_view shown, FieldErrors& errors);
inline void check_text(const api::Problems& problems, const FieldPath& path, std::string_view value, FieldErrors& errors) {
  invalid_each(problems, path, quoted(value), errors);
}
inline void check_number(const api::Problems& problems, const FieldPath& path, std::int64_t value, FieldErrors& errors) {
  invalid_each(problems, path, std::to_string(value), errors);
}

void check_nonnegative(std::int64_t value, const FieldPath& path, FieldErrors& errors);
// A counter that only grows; an absent one is the lowest.
void check_not_decremented(const api::Opt<std::int32_t>& next, const api::Opt<std::int32_t>& previous, const FieldPath& path, FieldErrors& errors);
void check_required(std::string_view value, const FieldPath& path, FieldErrors& errors);
void check_port_number_or_name(const api::IntOrString& port, const FieldPath& path, FieldErrors& errors);
// A number from 0, or a percentage up to 100%.
void check_count_or_percent(const api::IntOrString& value, const FieldPath& path, FieldErrors& errors);
// True for 0 and 0%.
bool is_zero(const api::IntOrString& value);
std::string shown(const api::IntOrString& value);
void check_annotations(const api::Map<api::Str>& annotations, const FieldPath& path, FieldErrors& errors);
// `changed`: the field differs from what it was; `shown` is the value it should get.
void check_immutable(bool changed, const FieldPath& path, std::string_view shown, FieldErrors& errors);

}  // namespace plumb::resources
