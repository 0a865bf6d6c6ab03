#include "reference/api/type_info.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

#include "reference/api/values/scalars.h"

namespace plumb::api {

const FieldInfo* TypeInfo::wire_field(std::uint32_t number) const {
  const auto found = std::lower_bound(wire_fields.begin(), wire_fields.end(), number,
                                      [](const FieldInfo& field, std::uint32_t n) { return field.number < n; });
  return found != wire_fields.end() && found->number == number ? &*found : nullptr;
}

std::size_t element_size(const FieldInfo& info) {
  switch (info.kind) {
    case Kind::boolean: return sizeof(bool);
    case Kind::int32: return sizeof(std::int32_t);
    case Kind::int64: return sizeof(std::int64_t);
    case Kind::float64: return sizeof(double);
    case Kind::duration: return sizeof(DurationValue);
    case Kind::strings: return sizeof(List<Str>);
    case Kind::int_or_string: return sizeof(IntOrString);
    case Kind::structure: return info.type->size;
    case Kind::string:
    case Kind::bytes:
    case Kind::time:
    case Kind::micro_time:
    case Kind::quantity:
    case Kind::raw:
    case Kind::json: return 16;
  }
  return 0;
}
static_assert(sizeof(Time) == 16 && sizeof(MicroTime) == 16 && sizeof(QuantityText) == 16 && sizeof(Raw) == 16 && sizeof(Bytes) == 16);

const TypeInfo* find_type(std::string_view group, std::string_view version, std::string_view kind) {
  using Key = std::tuple<std::string_view, std::string_view, std::string_view>;
  static const auto index = [] {
    std::map<Key, const TypeInfo*> made;
    for (const PackageInfo* package : all_packages())
      for (const TypeInfo* type : package->types)
        if (type->has_type_meta) made.emplace(Key{type->group, type->version, type->name}, type);
    return made;
  }();
  const auto found = index.find(Key{group, version, kind});
  return found == index.end() ? nullptr : found->second;
}

const TypeInfo* find_type(std::string_view api_version, std::string_view kind) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return find_type("", api_version, kind);
  return find_type(api_version.substr(0, slash), api_version.substr(slash + 1), kind);
}

std::string api_version(const TypeInfo& type) {
  if (type.group.empty()) return std::string(type.version);
  return std::string(type.group) + "/" + std::string(type.version);
}

}  // namespace plumb::api
