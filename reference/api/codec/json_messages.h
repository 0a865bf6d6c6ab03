// What the JSON reader says about a value it refuses, in upstream's words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reference/api/type_info.h"

namespace plumb::api {

// Where a reader is: a chain that lives on its stack. The path's text ("spec.containers[0].name") is made only when one is needed.
struct Place {
  const Place* parent = nullptr;
  std::string_view name = {};
  std::ptrdiff_t index = -1;  // in a list; then `name` is empty

  std::string text() const;
};

// As Go names them: "v1.PodSpec", "[]v1.Container", "map[string]string".
std::string go_type(const TypeInfo& type);
std::string go_type(const FieldInfo& info);

// What a value that starts with this character is called: "number", "object", …
std::string_view json_kind(char first);

}  // namespace plumb::api
