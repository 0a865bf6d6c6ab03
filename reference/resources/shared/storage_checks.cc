#include "reference/resources/shared/storage_checks.h"

#include <algorithm>
#include <string>

#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

constexpr std::size_t longest_driver_name = 63, most_parameters = 512, parameters_size = 256 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

}  // namespace

void check_driver_name(std::string_view name, const FieldPath& path, FieldErrors& errors) {
  if (name.empty()) return errors.required(path);
  if (name.size() > longest_driver_name) errors.too_long(path, longest_driver_name);
  check_text(api::check_dns1123_subdomain(lower(name)), path, name, errors);
}

void check_provisioner(std::string_view name, const FieldPath& path, FieldErrors& errors) {
  if (name.empty()) return errors.required(path);
  check_text(api::check_qualified_name(lower(name)), path, name, errors);
}

void check_class_name(std::string_view name, const FieldPath& path, FieldErrors& errors) {
  check_text(api::check_dns1123_subdomain(name), path, name, errors);
}

void check_size(const api::QuantityText& size, const FieldPath& path, FieldErrors& errors) {
  const auto amount = api::Quantity::parse(size.text);
  if (amount.ok() && amount->sign() <= 0) errors.invalid(path, quoted(size.text), "must be greater than zero");
}

void check_amount_not_negative(const api::QuantityText& amount, const FieldPath& path, FieldErrors& errors) {
  const auto parsed = api::Quantity::parse(amount.text);
  if (parsed.ok() && parsed->sign() < 0) errors.invalid(path, quoted(amount.text), "must be greater than or equal to 0");
}

void check_access_modes(const api::List<api::Str>& modes, const FieldPath& path, FieldErrors& errors) {
  std::size_t exclusive = 0;
  for (const api::Str& mode : modes) exclusive += mode == "ReadWriteOncePod";
  if (exclusive != 0 && exclusive != modes.size()) errors.forbidden(path, "may not use ReadWriteOncePod with other access modes");
}

void check_parameters(const api::Map<api::Str>& parameters, bool may_be_empty, const FieldPath& path, FieldErrors& errors) {
  if (parameters.size() > most_parameters) errors.too_long(path, most_parameters);
  std::size_t size = 0;
  for (const auto& [key, value] : parameters) {
    if (key.empty()) errors.invalid(path, quoted(key), "field can not be empty.");
    size += key.size() + value.size();
  }
  if (size > parameters_size) errors.too_long(path, parameters_size);
  if (!may_be_empty && parameters.empty()) errors.required(path, "must contain at least one attribute");
}

}  // namespace plumb::resources
