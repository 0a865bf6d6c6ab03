// /openapi/v2 and /openapi/v3: the served types as OpenAPI schemas, straight from the type tables, with what kubectl reads of them: kinds,
// patch strategies, and the parameters that operations take. v2 also in the protobuf form that kubectl asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reference/api/doc/document.h"
#include "reference/apiserver/http/handler.h"

namespace plumb::apiserver {

std::vector<Route> openapi_routes();

// "io.k8s.api.core.v1.Pod"
std::string definition_name(const api::TypeInfo& type);
// The whole v2 document, and its protobuf form (openapi.v2.Document).
api::Doc openapi_v2();
std::string openapi_v2_protobuf(const api::Doc& document);
// The v3 document of one group and version.
api::Doc openapi_v3(std::string_view group, std::string_view version);

}  // namespace plumb::apiserver
