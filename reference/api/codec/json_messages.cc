#include "reference/api/codec/json_messages.h"

namespace plumb::api {

std::string Place::text() const {
  std::string out = parent ? parent->text() : "";
  if (index >= 0) return out + "[" + std::to_string(index) + "]";
  if (name.empty()) return out;
  return out.empty() ? std::string(name) : out + "." + std::string(name);
}

std::string go_type(const TypeInfo& type) { return std::string(type.version) + "." + std::string(type.name); }

std::string go_type(const FieldInfo& info) {
  std::string name;
  switch (info.kind) {
    case Kind::string: name = "string"; break;
    case Kind::boolean: name = "bool"; break;
    case Kind::int32: name = "int32"; break;
    case Kind::int64: name = "int64"; break;
    case Kind::float64: name = "float64"; break;
    case Kind::structure: name = go_type(*info.type); break;
    case Kind::bytes: name = "[]uint8"; break;
    case Kind::strings: name = "[]string"; break;
    case Kind::time:
    case Kind::micro_time: name = "v1.Time"; break;
    case Kind::duration: name = "v1.Duration"; break;
    case Kind::quantity: name = "resource.Quantity"; break;
    case Kind::int_or_string: name = "intstr.IntOrString"; break;
    case Kind::raw: name = "runtime.RawExtension"; break;
    case Kind::json: name = "v1.JSON"; break;
  }
  if (info.shape == Shape::list) return "[]" + name;
  if (info.shape == Shape::map) return "map[string]" + name;
  return name;
}

std::string_view json_kind(char first) {
  switch (first) {
    case '[': return "array";
    case '{': return "object";
    case '"': return "string";
    case 't':
    case 'f': return "bool";
    case 'n': return "null";
    default: return first == '-' || (first >= '0' && first <= '9') ? "number" : "value";
  }
}

}  // namespace plumb::api
