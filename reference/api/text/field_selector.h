// Field selectors: ?fieldSelector=metadata.name=x,status.phase!=Running. Values escape \, comma and = with a backslash.
// Which fields a resource knows is its own affair: see LabelSelector for labels.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace plumb::api {

struct FieldRequirement {
  std::string field;
  bool equal;  // = and ==, or !=
  std::string value;
};

class FieldSelector {
 public:
  // A field that an object does not have reads as empty.
  using Lookup = std::function<std::string_view(std::string_view field)>;

  FieldSelector() = default;
  static Result<FieldSelector> parse(std::string_view text);

  bool matches(const Lookup& fields) const;
  bool everything() const { return requirements_.empty(); }
  const std::vector<FieldRequirement>& requirements() const { return requirements_; }
  std::optional<std::string_view> exact(std::string_view field) const;
  std::string to_string() const;
  // The same with other names for the fields.
  FieldSelector renamed(const std::function<std::string_view(std::string_view field)>& name) const;

 private:
  std::vector<FieldRequirement> requirements_;  // in the order of their text
};

std::string escape_field_value(std::string_view value);

}  // namespace plumb::api
