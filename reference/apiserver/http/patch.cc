#include "reference/apiserver/http/patch.h"

#include "reference/api/codec/json.h"
#include "reference/api/doc/json_patch.h"
#include "reference/api/doc/merge_patch.h"
#include "reference/api/doc/yaml.h"
#include "reference/apiserver/http/body.h"
#include "reference/apiserver/patch_schema.h"
#include "reference/apiserver/registry/metadata.h"

namespace plumb::apiserver {
namespace {

enum class PatchKind { json, merge, strategic };

metav1::Status unsupported(std::string_view type) {
  return status::unsupported_media_type({"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"},
                                        type);
}

Result<api::Doc> apply(PatchKind kind, const api::Doc& document, const api::Doc& patch, const api::TypeInfo& type) {
  switch (kind) {
    case PatchKind::json: return api::apply_json_patch(document, patch);
    case PatchKind::merge: return api::apply_merge_patch(document, patch);
    case PatchKind::strategic: return api::apply_strategic_merge_patch(document, patch, patch_schema(type));
  }
  return document;
}

metav1::Status refused(const Error& error, const Resource& resource, std::string_view name) {
  if (error.http_status == 413) return status::entity_too_large(error.message);
  if (error.http_status != 422) return status::bad_request(error.message);
  metav1::Status invalid = status::invalid(resource.group(), resource.type().name, name, {});
  invalid.message = error.message;
  return invalid;
}

}  // namespace

ApiResult<Transform> read_patch(const CallPtr& call, const Resource& resource) {
  const std::string_view type = media_type(call->request().headers.get("content-type"));
  PatchKind kind;
  if (type == "application/json-patch+json")
    kind = PatchKind::json;
  else if (type == "application/merge-patch+json")
    kind = PatchKind::merge;
  else if (type == "application/strategic-merge-patch+json")
    kind = PatchKind::strategic;
  else
    return unsupported(type);
  auto patch = api::parse_json(call->request().body, {.max_depth = 512});
  if (!patch.ok()) return status::bad_request("error decoding patch: " + patch.error().message);
  return Transform([call = std::weak_ptr<Call>(call), kind, patch = std::move(*patch), &resource](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
    std::string json;
    api::encode_json(current, json);
    const auto document = api::parse_json(json);
    if (!document.ok()) return status::internal(document.error().message);
    auto patched = apply(kind, *document, patch, resource.type());
    if (!patched.ok()) return refused(patched.error(), resource, current.metadata.name);
    const std::string text = patched->to_json();
    api::DecodeReport report;
    auto object = api::decode_json(resource.type(), text, &report);
    if (!object.ok()) {
      resources::FieldErrors errors;
      errors.invalid(resources::FieldPath("patch"), resources::FieldErrors::quoted(patch.to_json()), object.error().message);
      return status::invalid(resource.group(), resource.type().name, current.metadata.name, errors);
    }
    if (const auto asking = call.lock())
      if (auto strict = report_fields(*asking, report.problems, resource.type().name)) return std::move(*strict);
    if (auto other = check_name((*object)->metadata, current.metadata.namespace_, current.metadata.name)) return std::move(*other);
    // A patch that does not speak of the version applies to whatever is there.
    if ((*object)->metadata.resourceVersion == current.metadata.resourceVersion) (*object)->metadata.resourceVersion.reset();
    return std::move(*object);
  });
}

}  // namespace plumb::apiserver
