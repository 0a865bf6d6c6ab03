#include "reference/informer/patch_object.h"

#include "reference/api/codec/json.h"
#include "reference/api/doc/json_patch.h"
#include "reference/api/doc/merge_patch.h"
#include "reference/apiserver/patch_schema.h"

namespace plumb::informer {

namespace {

Error bad_request(Error error) {
  if (error.reason.empty()) error.reason = error.http_status == 422 ? "Invalid" : "BadRequest";
  if (error.http_status == 0) error.http_status = 400;
  return error;
}

}  // namespace

Result<std::shared_ptr<api::Object>> patch_object(const api::Object& object, PatchType type, std::string_view text) {
  std::string json;
  api::encode_json(object, json);
  const api::Doc before = PLUMB_TRY(api::parse_json(json));
  Result<api::Doc> patch = api::parse_json(text);
  if (!patch.ok()) return bad_request(std::move(patch).error());
  Result<api::Doc> after = type == PatchType::json    ? api::apply_json_patch(before, *patch)
                           : type == PatchType::merge ? api::apply_merge_patch(before, *patch)
                                                      : api::apply_strategic_merge_patch(before, *patch, apiserver::patch_schema(object.type()));
  if (!after.ok()) return bad_request(std::move(after).error());
  auto decoded = api::decode_json(object.type(), after->to_json());
  if (!decoded.ok()) return bad_request(std::move(decoded).error());
  return decoded;
}

}  // namespace plumb::informer
