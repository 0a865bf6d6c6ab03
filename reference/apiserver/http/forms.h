// The forms in which objects leave: encoded objects and lists, tables for kubectl get, metadata alone.
#pragma once

#include <string>

#include "reference/apiserver/http/negotiation.h"
#include "reference/apiserver/http/path.h"
#include "reference/apiserver/registry/registry.h"

namespace plumb::apiserver {

enum class IncludeObject { none, metadata, object };
IncludeObject include_object(const Query& query);  // of a table's rows; ?includeObject=

// What a response or a watch event carries for an object. YAML is made from JSON.
Bytes object_form(const Resource& resource, const CachedPtr& object, const Accepted& accepted, IncludeObject include, WallTime now, bool with_columns);
std::string list_form(const Resource& resource, const ListResult& list, const Accepted& accepted, IncludeObject include, WallTime now);
// A struct with kind and apiVersion.
std::string struct_form(std::string_view api_version, const api::TypeInfo& type, const void* structure, Encoding encoding);
std::string json_to_yaml(std::string_view json);

}  // namespace plumb::apiserver
