#include "reference/api/walk.h"

#include <cstring>

#include "reference/api/values/scalars.h"

namespace plumb::api {
namespace {

template <class T>
const T& as(const void* at) {
  return *static_cast<const T*>(at);
}
const char* field_at(const FieldInfo& info, const void* structure) { return static_cast<const char*>(structure) + info.offset; }
std::size_t stride(const FieldInfo& info) { return element_size(info) + (info.shape == Shape::map ? sizeof(Str) : 0); }

bool equal_value(const FieldInfo& info, const char* a, const char* b) {
  switch (info.kind) {
    case Kind::string:
    case Kind::bytes:
    case Kind::quantity:
    case Kind::raw:
    case Kind::json: return as<Str>(a) == as<Str>(b);
    case Kind::boolean: return as<bool>(a) == as<bool>(b);
    case Kind::int32: return as<std::int32_t>(a) == as<std::int32_t>(b);
    case Kind::int64:
    case Kind::duration: return as<std::int64_t>(a) == as<std::int64_t>(b);
    case Kind::float64: return as<double>(a) == as<double>(b);
    case Kind::time:
    case Kind::micro_time: return as<Time>(a) == as<Time>(b);
    case Kind::int_or_string: return as<IntOrString>(a) == as<IntOrString>(b);
    case Kind::strings: return as<List<Str>>(a) == as<List<Str>>(b);
    case Kind::structure: return semantically_equal(*info.type, a, b);
  }
  return false;
}

bool equal_optional(const FieldInfo& info, const char* a, const char* b) {
  switch (info.kind) {
    case Kind::boolean: return as<Opt<bool>>(a) == as<Opt<bool>>(b);
    case Kind::int32: return as<Opt<std::int32_t>>(a) == as<Opt<std::int32_t>>(b);
    case Kind::int64:
    case Kind::duration: return as<Opt<std::int64_t>>(a) == as<Opt<std::int64_t>>(b);
    case Kind::float64: return as<Opt<double>>(a) == as<Opt<double>>(b);
    case Kind::structure: {
      const char* left = as<const char*>(a);
      const char* right = as<const char*>(b);
      return left && right ? semantically_equal(*info.type, left, right) : !left && !right;
    }
    case Kind::string:
    case Kind::quantity:
    case Kind::raw:
    case Kind::json: return as<Str>(a).is_set() == as<Str>(b).is_set() && as<Str>(a) == as<Str>(b);
    default: return equal_value(info, a, b);
  }
}

bool equal_field(const FieldInfo& info, const char* a, const char* b) {
  if (info.shape == Shape::single) return equal_value(info, a, b);
  if (info.shape == Shape::optional) return equal_optional(info, a, b);
  const auto &left = as<RawList>(a), &right = as<RawList>(b);
  if (left.size() != right.size()) return false;
  const std::size_t step = stride(info), skip = info.shape == Shape::map ? sizeof(Str) : 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const char *x = left.data() + i * step, *y = right.data() + i * step;
    if (skip && as<Str>(x) != as<Str>(y)) return false;
    if (!equal_value(info, x + skip, y + skip)) return false;
  }
  return true;
}

std::size_t heap_of(const TypeInfo& type, const void* structure);

std::size_t heap_of_value(const FieldInfo& info, const char* at) {
  switch (info.kind) {
    case Kind::string:
    case Kind::bytes:
    case Kind::quantity:
    case Kind::raw:
    case Kind::json: return as<Str>(at).heap_bytes();
    case Kind::int_or_string: return as<IntOrString>(at).text.heap_bytes();
    case Kind::structure: return heap_of(*info.type, at);
    case Kind::strings: {
      const auto& strings = as<List<Str>>(at);
      std::size_t sum = strings.empty() ? 0 : sizeof(RawList::Header) + strings.size() * sizeof(Str);
      for (const Str& text : strings) sum += text.heap_bytes();
      return sum;
    }
    default: return 0;
  }
}

std::size_t heap_of_field(const FieldInfo& info, const char* at) {
  if (info.shape == Shape::single) return heap_of_value(info, at);
  if (info.shape == Shape::optional) {
    if (info.kind != Kind::structure) return info.kind == Kind::boolean || info.kind == Kind::int32 || info.kind == Kind::int64 ? 0 : heap_of_value(info, at);
    const char* inner = as<const char*>(at);
    return inner ? info.type->size + heap_of(*info.type, inner) : 0;
  }
  const auto& list = as<RawList>(at);
  if (!list.header) return 0;
  const std::size_t step = stride(info), skip = info.shape == Shape::map ? sizeof(Str) : 0;
  std::size_t sum = sizeof(RawList::Header) + list.header->capacity * step;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const char* element = list.data() + i * step;
    if (skip) sum += as<Str>(element).heap_bytes();
    sum += heap_of_value(info, element + skip);
  }
  return sum;
}

std::size_t heap_of(const TypeInfo& type, const void* structure) {
  std::size_t sum = 0;
  for (const FieldInfo& info : type.json_fields) sum += heap_of_field(info, field_at(info, structure));
  return sum;
}

void destroy_value(const FieldInfo& info, char* at) {
  switch (info.kind) {
    case Kind::string:
    case Kind::bytes:
    case Kind::quantity:
    case Kind::raw:
    case Kind::json: reinterpret_cast<Str*>(at)->~Str(); break;
    case Kind::int_or_string: reinterpret_cast<IntOrString*>(at)->~IntOrString(); break;
    case Kind::strings: reinterpret_cast<List<Str>*>(at)->~List(); break;
    case Kind::structure: destroy(*info.type, at); return;
    default: break;
  }
  std::memset(at, 0, element_size(info));
}

}  // namespace

bool semantically_equal(const TypeInfo& type, const void* a, const void* b) {
  for (const FieldInfo& info : type.json_fields)
    if (!equal_field(info, field_at(info, a), field_at(info, b))) return false;
  return true;
}

std::size_t memory_held(const Object& object) { return object.type().size + heap_of(object.type(), &object); }

void destroy_field(const FieldInfo& info, void* place) {
  char* at = static_cast<char*>(place);
  if (info.shape == Shape::single) return destroy_value(info, at);
  if (info.shape == Shape::optional) {
    switch (info.kind) {
      case Kind::boolean: *reinterpret_cast<Opt<bool>*>(at) = {}; return;
      case Kind::int32: *reinterpret_cast<Opt<std::int32_t>*>(at) = {}; return;
      case Kind::int64:
      case Kind::duration: *reinterpret_cast<Opt<std::int64_t>*>(at) = {}; return;
      case Kind::float64: *reinterpret_cast<Opt<double>*>(at) = {}; return;
      case Kind::structure: {
        char*& inner = *reinterpret_cast<char**>(at);
        if (inner) destroy(*info.type, inner);
        std::free(inner);
        inner = nullptr;
        return;
      }
      default: return destroy_value(info, at);
    }
  }
  auto& list = *reinterpret_cast<RawList*>(at);
  const std::size_t step = stride(info), skip = info.shape == Shape::map ? sizeof(Str) : 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    char* element = list.data() + i * step;
    if (skip) reinterpret_cast<Str*>(element)->~Str();
    destroy_value(info, element + skip);
  }
  std::free(list.header);
  list.header = nullptr;
}

void destroy(const TypeInfo& type, void* structure) {
  for (const FieldInfo& info : type.json_fields) destroy_field(info, static_cast<char*>(structure) + info.offset);
}

}  // namespace plumb::api
