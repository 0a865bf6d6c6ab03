// What validation finds: upstream's field errors, which become the causes of a 422 Status.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plumb::resources {

// "spec.containers[0].name", built as rules descend.
class FieldPath {
 public:
  FieldPath() = default;
  explicit FieldPath(std::string_view root) : text_(root) {}
  FieldPath child(std::string_view name) const { return FieldPath(text_.empty() ? std::string(name) : text_ + "." + std::string(name)); }
  FieldPath index(std::size_t i) const { return FieldPath(text_ + "[" + std::to_string(i) + "]"); }
  FieldPath key(std::string_view key) const { return FieldPath(text_ + "[" + std::string(key) + "]"); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};
inline const FieldPath spec_path("spec");

struct FieldError {
  std::string reason;  // metav1.CauseType: FieldValueRequired, FieldValueInvalid, …
  std::string field;
  std::string message;  // upstream's body, e.g. `Required value: must specify a name`
};

class FieldErrors {
 public:
  void required(const FieldPath& path, std::string_view detail = {});
  // `value` as it is to be shown: strings are quoted by the caller through quoted().
  void invalid(const FieldPath& path, std::string_view value, std::string_view detail);
  void duplicate(const FieldPath& path, std::string_view value);
  void not_supported(const FieldPath& path, std::string_view value, const std::vector<std::string_view>& supported);
  void forbidden(const FieldPath& path, std::string_view detail);
  void not_found(const FieldPath& path, std::string_view value);
  void too_long(const FieldPath& path, std::size_t limit);
  void too_many(const FieldPath& path, std::size_t actual, std::size_t limit);
  void type_invalid(const FieldPath& path, std::string_view value, std::string_view detail);

  // As Go's %q, for text that is UTF-8.
  static std::string quoted(std::string_view text);
  bool empty() const { return list_.empty(); }
  const std::vector<FieldError>& list() const { return list_; }
  // "[a: Required value, b: Invalid value: …]", or the one error without brackets.
  std::string to_string() const;

 private:
  void add(std::string_view reason, const FieldPath& path, std::string message) { list_.push_back({std::string(reason), path.text(), std::move(message)}); }
  std::vector<FieldError> list_;
};

}  // namespace plumb::resources
