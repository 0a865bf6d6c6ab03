// The Kubernetes protobuf wire format (application/vnd.kubernetes.protobuf): four bytes "k8s\0", then a runtime.Unknown message with
// apiVersion, kind and the object's own message. Unknown fields are skipped. Output is byte for byte upstream's.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "reference/api/object.h"

namespace plumb::api {

inline constexpr std::string_view protobuf_magic{"k8s\0", 4};

// The envelope: what it holds, without looking inside.
struct Envelope {
  std::string_view api_version, kind;
  std::string_view raw;           // points into the input
  std::string_view content_type;  // "" or "application/json"
};
Result<Envelope> open_envelope(std::string_view bytes);

// Fails with Code::invalid_argument on truncated or malformed input. Nesting deeper than 512 is malformed.
Result<std::shared_ptr<Object>> decode_protobuf(std::string_view enveloped);                  // the type is the envelope's
Result<std::shared_ptr<Object>> decode_protobuf_message(const TypeInfo& type, std::string_view message);  // no envelope
Status decode_protobuf_into(const TypeInfo& type, void* structure, std::string_view message);

void encode_protobuf(const Object& object, std::string& out);                                 // with the envelope
void encode_protobuf_message(const TypeInfo& type, const void* structure, std::string& out);  // without
// The envelope around a message of a kind that is no Object (Status, a list).
void wrap_envelope(std::string_view api_version, std::string_view kind, std::string_view message, std::string& out);

}  // namespace plumb::api
