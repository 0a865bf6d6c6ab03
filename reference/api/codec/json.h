// JSON of API objects, both ways, over the type tables. Output is upstream's: the order of Go's structs, maps sorted by key, omitempty
// honoured, HTML-significant characters escaped as Go does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/object.h"

namespace plumb::api {

// What a strict reader would refuse. Paths are upstream's: `unknown field "spec.replica"`, `duplicate field "spec.replicas"`.
// At most 100 are kept; `total` counts all.
struct DecodeReport {
  std::vector<std::string> problems;
  std::size_t total = 0;
};

// The kind named by apiVersion and kind at the top of a JSON object; either may be empty when absent.
struct TypeMeta {
  std::string api_version, kind;
};
Result<TypeMeta> peek_type_meta(std::string_view json);

// Fails with Code::invalid_argument on malformed JSON and on values of the wrong type; unknown and duplicate fields go to `report`
// (nullptr: not looked for). Nesting deeper than 512 is malformed. kind and apiVersion in the text are not compared with `type`.
Result<std::shared_ptr<Object>> decode_json(const TypeInfo& type, std::string_view json, DecodeReport* report = nullptr);
// Into a struct of `type` (not an object) that is still empty.
Status decode_json_into(const TypeInfo& type, void* structure, std::string_view json, DecodeReport* report = nullptr);
template <class T>
Result<T> decode_json_as(std::string_view json, DecodeReport* report = nullptr) {
  T made;
  if (Status done = decode_json_into(T::info(), &made, json, report); !done.ok()) return std::move(done).error();
  return made;
}

void encode_json(const Object& object, std::string& out);
void encode_json(const TypeInfo& type, const void* structure, std::string& out);
template <class T>
std::string to_json(const T& value) {
  std::string out;
  encode_json(T::info(), &value, out);
  return out;
}

// Appends `text` as a JSON string, quoted and escaped as Go does.
void append_json_string(std::string_view text, std::string& out);

}  // namespace plumb::api
