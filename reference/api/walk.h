// Walks over any API struct by its table.
#pragma once

#include <cstddef>

#include "reference/api/object.h"

namespace plumb::api {

// Content alone decides: an empty list equals an absent one, as upstream's semantic DeepEqual.
bool semantically_equal(const TypeInfo& type, const void* a, const void* b);
inline bool semantically_equal(const Object& a, const Object& b) { return &a.type() == &b.type() && semantically_equal(a.type(), &a, &b); }

// Bytes the object holds: the struct and all heap memory it owns or shares.
std::size_t memory_held(const Object& object);

// Frees what a struct (not an object) or a field owns and leaves all-zero bytes, for types known only by their table.
void destroy(const TypeInfo& type, void* structure);
void destroy_field(const FieldInfo& info, void* at);  // leaves the field all-zero

}  // namespace plumb::api
