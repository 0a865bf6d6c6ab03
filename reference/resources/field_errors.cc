#include "reference/resources/field_errors.h"

#include "harness/base/encoding.h"

namespace plumb::resources {
namespace {
std::string with(std::string_view head, std::string_view detail) {
  std::string out(head);
  if (!detail.empty()) out.append(": ").append(detail);
  return out;
}
}  // namespace

void FieldErrors::required(const FieldPath& path, std::string_view detail) { add("FieldValueRequired", path, with("Required value", detail)); }
void FieldErrors::invalid(const FieldPath& path, std::string_view value, std::string_view detail) {
  add("FieldValueInvalid", path, with("Invalid value: " + std::string(value), detail));
}
void FieldErrors::duplicate(const FieldPath& path, std::string_view value) { add("FieldValueDuplicate", path, "Duplicate value: " + std::string(value)); }
void FieldErrors::not_supported(const FieldPath& path, std::string_view value, const std::vector<std::string_view>& supported) {
  std::string list;
  for (const std::string_view one : supported) list.append(list.empty() ? "" : ", ").append(quoted(one));
  add("FieldValueNotSupported", path, "Unsupported value: " + std::string(value) + (list.empty() ? "" : ": supported values: " + list));
}
void FieldErrors::forbidden(const FieldPath& path, std::string_view detail) { add("FieldValueForbidden", path, with("Forbidden", detail)); }
void FieldErrors::not_found(const FieldPath& path, std::string_view value) { add("FieldValueNotFound", path, "Not found: " + std::string(value)); }
void FieldErrors::too_long(const FieldPath& path, std::size_t limit) {
  add("FieldValueTooLong", path, "Too long: may not be more than " + std::to_string(limit) + " bytes");
}
void FieldErrors::too_many(const FieldPath& path, std::size_t actual, std::size_t limit) {
  add("FieldValueTooMany", path, "Too many: " + std::to_string(actual) + ": must have at most " + std::to_string(limit) + " items");
}
void FieldErrors::type_invalid(const FieldPath& path, std::string_view value, std::string_view detail) {
  add("FieldValueTypeInvalid", path, with("Invalid value: " + std::string(value), detail));
}

std::string FieldErrors::quoted(std::string_view text) {
  constexpr std::string_view short_forms = "\aa\bb\ff\nn\rr\tt\vv";  // each with its letter
  std::string out = "\"";
  for (const char c : text) {
    const std::size_t at = short_forms.find(c);
    if (at != std::string_view::npos && at % 2 == 0 && static_cast<unsigned char>(c) < 0x20)
      out.append("\\").append(1, short_forms[at + 1]);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out.append("\\x").append(hex_encode({&c, 1}));
    else
      out.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
  }
  return out += '"';
}

std::string FieldErrors::to_string() const {
  std::string out;
  for (const FieldError& error : list_) out.append(out.empty() ? "" : ", ").append(error.field).append(": ").append(error.message);
  return list_.size() > 1 ? "[" + out + "]" : out;
}

}  // namespace plumb::resources
