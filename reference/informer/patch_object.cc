#include "reference/informer/patch_object.h"

#include <map>
#include <mutex>

#include "reference/api/codec/json.h"
#include "reference/api/doc/json_patch.h"
#include "reference/api/doc/merge_patch.h"
#include "reference/api/doc/strategic_merge_patch.h"

namespace plumb::informer {

namespace {

// What strategic merge patch asks about a type, from its table.
class TypeSchema final : public api::PatchSchema {
 public:
  static const TypeSchema* of(const api::TypeInfo* type) {
    static std::mutex mutex;
    static std::map<const api::TypeInfo*, std::unique_ptr<TypeSchema>> made;
    if (!type) return nullptr;
    std::lock_guard lock(mutex);
    std::unique_ptr<TypeSchema>& slot = made[type];
    if (!slot) slot.reset(new TypeSchema(*type));
    return slot.get();
  }
  std::optional<Field> field(std::string_view name) const override {
    const api::FieldInfo* info = type_.json_field(name);
    if (!info) return std::nullopt;
    Field field;
    const bool structure = info->kind == api::Kind::structure;
    field.kind = info->shape == api::Shape::list ? Kind::list : structure || info->shape == api::Shape::map ? Kind::object : Kind::scalar;
    field.child = of(info->type);
    field.merge_list = field.kind == Kind::list && info->patch_strategy.find("merge") != std::string_view::npos;
    field.replace = info->patch_strategy == "replace";
    field.merge_key = info->merge_key;
    return field;
  }

 private:
  explicit TypeSchema(const api::TypeInfo& type) : type_(type) {}
  const api::TypeInfo& type_;
};

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
                                                      : api::apply_strategic_merge_patch(before, *patch, *TypeSchema::of(&object.type()));
  if (!after.ok()) return bad_request(std::move(after).error());
  auto decoded = api::decode_json(object.type(), after->to_json());
  if (!decoded.ok()) return bad_request(std::move(decoded).error());
  return decoded;
}

}  // namespace plumb::informer
