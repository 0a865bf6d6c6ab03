// What the walks (JSON, protobuf, equality, patches, validation, OpenAPI) know about a type: one constant table a type, made from
// schema/ by the generator. Tables live as long as the program and are read from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace plumb::api {

struct Object;
struct TypeInfo;

enum class Kind : std::uint8_t {
  string, boolean, int32, int64, float64, bytes, time, micro_time, duration, quantity, int_or_string,
  strings,  // a list of strings that is a message of its own on the protobuf wire (ExtraValue, Verbs)
  raw,      // an object kept as JSON text: RawExtension, FieldsV1
  json,     // the same for any JSON value: apiextensions.k8s.io JSON
  structure,
};

enum class Shape : std::uint8_t { single, optional, list, map };

struct EnumInfo {
  std::string_view name;
  bool closed;  // other values are refused
  std::span<const std::string_view> values;
};

struct FieldInfo {
  std::string_view name;  // in JSON; empty for a nested message whose fields stand one level up in JSON
  std::uint32_t offset;   // in the struct of the table that holds this entry
  std::uint16_t number;   // on the protobuf wire; 0: not there
  Kind kind;
  Shape shape;
  bool omit_empty;
  bool omit_zero;
  bool required;
  const TypeInfo* type;          // for Kind::structure
  const EnumInfo* enumeration;   // for a named string type
  // Markers of strategic merge patch and server-side apply, as upstream writes them; empty where there are none.
  std::string_view patch_strategy;  // "merge", "replace", "retainKeys", "merge,retainKeys"
  std::string_view merge_key;
  std::string_view list_type;       // "map", "set", "atomic"
  std::string_view list_map_keys;   // comma-separated
  std::string_view map_type;        // "atomic", "granular"
  std::string_view default_value;   // as JSON
};

// Names are short: these read and compare them by words instead of calls.
namespace names {
template <class Word>
inline Word load(const char* from) {
  Word word;
  __builtin_memcpy(&word, from, sizeof word);
  return word;
}
// Up to eight characters as a number.
inline std::uint64_t word(const char* text, std::size_t size) {
  if (size >= 8) return load<std::uint64_t>(text);
  if (size >= 4) return load<std::uint32_t>(text) | std::uint64_t{load<std::uint32_t>(text + size - 4)} << 8 * (size - 4);
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < size; ++i) out |= std::uint64_t{static_cast<unsigned char>(text[i])} << 8 * i;
  return out;
}
inline bool same(std::string_view a, std::string_view b) {
  const std::size_t size = a.size();
  if (size != b.size()) return false;
  if (size < 8) return word(a.data(), size) == word(b.data(), size);
  for (std::size_t i = 0; i + 8 < size; i += 8)
    if (load<std::uint64_t>(a.data() + i) != load<std::uint64_t>(b.data() + i)) return false;
  return load<std::uint64_t>(a.data() + size - 8) == load<std::uint64_t>(b.data() + size - 8);
}
}  // namespace names

// The hash behind json_slots; the generator searches a seed without collisions.
inline std::uint64_t field_hash(std::string_view name, std::uint64_t seed) {
  const std::size_t part = name.size() < 8 ? name.size() : 8;
  const std::uint64_t head = names::word(name.data(), part), tail = names::word(name.data() + name.size() - part, part);
  const std::uint64_t mixed = (head ^ (tail << 7 | tail >> 57) ^ name.size()) * seed;
  return mixed >> 40;
}

struct TypeInfo {
  std::string_view name;     // "PodSpec"
  std::string_view package;  // "corev1"
  std::string_view group;    // "" for core, else "apps", "rbac.authorization.k8s.io", …
  std::string_view version;  // "v1"
  std::uint32_t size;        // bytes of the struct
  bool is_object;            // derives from Object: has kind, apiVersion, metadata
  bool has_type_meta;        // JSON carries kind and apiVersion
  bool atomic;               // structType=atomic
  bool is_union;             // in JSON it is the one of its fields that is set, without a name: an object, an array or a boolean tells which
  std::span<const FieldInfo> json_fields;  // all that stand at this level in JSON, in upstream's order; offsets reach into nested structs
  std::span<const FieldInfo> wire_fields;  // by protobuf number
  std::span<const std::uint8_t> json_slots;  // hash of name -> 1 + index in json_fields; 0 is free; size is a power of two
  std::uint64_t json_seed;
  std::shared_ptr<Object> (*make)();               // objects only
  std::shared_ptr<Object> (*clone)(const Object&);

  // nullptr when there is none. `expected` is the index that a walk in the usual order would meet next.
  const FieldInfo* json_field(std::string_view field, std::size_t expected = 0) const {
    if (expected < json_fields.size() && names::same(json_fields[expected].name, field)) return &json_fields[expected];
    if (field.empty() || json_slots.empty()) return nullptr;
    const std::uint8_t slot = json_slots[field_hash(field, json_seed) & (json_slots.size() - 1)];
    return slot != 0 && names::same(json_fields[slot - 1u].name, field) ? &json_fields[slot - 1u] : nullptr;
  }
  const FieldInfo* wire_field(std::uint32_t number) const;
};

// Bytes of one element of a list of such a field, or of one value of a map; where lists and maps start in memory says values/list.h.
std::size_t element_size(const FieldInfo& info);

// Every type of a package that has kind and apiVersion. Register with PackageInfo at static initialisation.
struct PackageInfo {
  std::string_view package, group, version;
  std::span<const TypeInfo* const> types;
};
std::span<const PackageInfo* const> all_packages();  // generated

// The type of that kind; nullptr when unknown.
const TypeInfo* find_type(std::string_view group, std::string_view version, std::string_view kind);
const TypeInfo* find_type(std::string_view api_version, std::string_view kind);
std::string api_version(const TypeInfo& type);  // "v1", "apps/v1"

}  // namespace plumb::api
