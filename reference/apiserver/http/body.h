// What clients send: objects in JSON, YAML or protobuf, checked as fieldValidation asks.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reference/api/object.h"
#include "reference/apiserver/http/call.h"

namespace plumb::apiserver {

// The body as an object of `type`. 400 when it is malformed or another kind, 415 when its form is unknown. Unknown and duplicate fields
// become warnings of the call, or a 400 with fieldValidation=Strict. `also`: another apiVersion under which the same fields are taken.
ApiResult<std::shared_ptr<api::Object>> read_object(Call& call, const api::TypeInfo& type, std::string_view also = {});
// DeleteOptions from the body, or from the query when there is none; 422 for values that are none of theirs. Notes a dry run in the context.
ApiResult<metav1::DeleteOptions> read_delete_options(Call& call);
// A number of the query; nothing when it is absent, 400 when it is none.
ApiResult<std::optional<std::int64_t>> read_number(const Query& query, std::string_view name);
// Reports what a strict reader found. Set when the request must fail.
std::optional<metav1::Status> report_fields(Call& call, const std::vector<std::string>& problems, std::string_view kind);

}  // namespace plumb::apiserver
