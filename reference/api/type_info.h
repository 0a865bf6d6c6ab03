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
  const FieldInfo* json_field(std::string_view name, std::size_t expected = 0) const;
  const FieldInfo* wire_field(std::uint32_t number) const;
};

// Bytes of one element of a list of such a field, or of one value of a map; where lists and maps start in memory says values/list.h.
std::size_t element_size(const FieldInfo& info);

// The hash behind json_slots; the generator searches a seed without collisions.
inline std::uint64_t field_hash(std::string_view name, std::uint64_t seed) {
  std::uint64_t head = 0, tail = 0;
  const std::size_t part = name.size() < 8 ? name.size() : 8;
  __builtin_memcpy(&head, name.data(), part);
  __builtin_memcpy(&tail, name.data() + name.size() - part, part);
  const std::uint64_t mixed = (head ^ (tail << 7 | tail >> 57) ^ name.size()) * seed;
  return mixed >> 40;
}

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
