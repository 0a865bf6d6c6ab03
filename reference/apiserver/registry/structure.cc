#include "reference/apiserver/registry/structure.h"

#include <algorithm>

#include "reference/api/values/list.h"

namespace plumb::apiserver {

using api::FieldInfo;
using api::Kind;
using api::Shape;
using api::TypeInfo;
using resources::FieldErrors;
using resources::FieldPath;

namespace {

void walk(const TypeInfo& type, const char* structure, const FieldPath& path, FieldErrors& errors);

void check_text(const FieldInfo& field, const api::Str& value, const FieldPath& path, FieldErrors& errors) {
  const auto& known = field.enumeration->values;
  if (value.empty() || std::find(known.begin(), known.end(), value.view()) != known.end()) return;
  errors.not_supported(path, FieldErrors::quoted(value), {known.begin(), known.end()});
}

void check_value(const FieldInfo& field, const char* value, const FieldPath& path, FieldErrors& errors) {
  if (field.kind == Kind::structure) return walk(*field.type, value, path, errors);
  if (field.kind == Kind::string && field.enumeration && field.enumeration->closed) check_text(field, *reinterpret_cast<const api::Str*>(value), path, errors);
}

bool has_rules(const FieldInfo& field) {
  return field.kind == Kind::structure || (field.kind == Kind::string && field.enumeration && field.enumeration->closed);
}

void check_field(const FieldInfo& field, const char* place, const FieldPath& path, FieldErrors& errors) {
  switch (field.shape) {
    case Shape::single: return check_value(field, place, path, errors);
    case Shape::optional:
      if (field.kind != Kind::structure) return check_value(field, place, path, errors);
      if (const char* boxed = *reinterpret_cast<const char* const*>(place)) check_value(field, boxed, path, errors);
      return;
    case Shape::list: {
      const auto& list = *reinterpret_cast<const api::RawList*>(place);
      const std::size_t size = field.kind == Kind::structure ? field.type->size : sizeof(api::Str);
      for (std::uint32_t i = 0; i < list.size(); ++i) check_value(field, list.data() + i * size, path.index(i), errors);
      return;
    }
    case Shape::map: {
      const auto& map = *reinterpret_cast<const api::RawList*>(place);
      const std::size_t size = sizeof(api::Str) + (field.kind == Kind::structure ? field.type->size : sizeof(api::Str));
      for (std::uint32_t i = 0; i < map.size(); ++i) {
        const char* entry = map.data() + i * size;
        check_value(field, entry + sizeof(api::Str), path.key(*reinterpret_cast<const api::Str*>(entry)), errors);
      }
      return;
    }
  }
}

void walk(const TypeInfo& type, const char* structure, const FieldPath& path, FieldErrors& errors) {
  for (const FieldInfo& field : type.json_fields)
    if (has_rules(field)) check_field(field, structure + field.offset, type.is_union ? path : path.child(field.name), errors);
}

}  // namespace

void validate_structure(const api::Object& object, FieldErrors& errors) {
  walk(object.type(), reinterpret_cast<const char*>(&object), FieldPath(), errors);
}

}  // namespace plumb::apiserver
