#include "reference/api/doc/merge_patch.h"

namespace plumb::api {
namespace {

Doc merge(const Doc& target, const Doc& patch) {
  if (!patch.is_object()) return patch;
  Doc result = target.is_object() ? target : Doc::object();
  for (const Doc::Member& member : patch.members()) {
    if (member.value.is_null()) {
      result = result.without(member.name());
    } else {
      result = result.with(member.name(), merge(result[member.name()], member.value));
    }
  }
  return result;
}

}  // namespace

Result<Doc> apply_merge_patch(const Doc& document, const Doc& patch) {
  if (!patch.is_object()) return Error{Code::invalid_argument, "Invalid JSON Patch", "BadRequest", 400};
  return merge(document, patch);
}

}  // namespace plumb::api
