#include "reference/apiserver/patch_schema.h"

#include <map>
#include <memory>
#include <mutex>

namespace plumb::apiserver {
namespace {

class TableSchema final : public api::PatchSchema {
 public:
  explicit TableSchema(const api::TypeInfo& type) : type_(type) {}

  std::optional<Field> field(std::string_view name) const override {
    const api::FieldInfo* info = type_.json_field(name);
    if (!info) return std::nullopt;
    Field field;
    const bool structure = info->kind == api::Kind::structure;
    if (info->shape == api::Shape::list || info->kind == api::Kind::strings)
      field.kind = Kind::list;
    else if (info->shape == api::Shape::map || structure)
      field.kind = Kind::object;
    if (structure && info->shape != api::Shape::map) field.child = &patch_schema(*info->type);
    field.merge_list = field.kind == Kind::list && info->patch_strategy.starts_with("merge");
    field.replace = info->patch_strategy == "replace";
    field.merge_key = info->merge_key;
    return field;
  }

 private:
  const api::TypeInfo& type_;
};

}  // namespace

const api::PatchSchema& patch_schema(const api::TypeInfo& type) {
  static std::mutex mutex;
  static std::map<const api::TypeInfo*, std::unique_ptr<TableSchema>> known;
  const std::lock_guard lock(mutex);
  auto& schema = known[&type];
  if (!schema) schema = std::make_unique<TableSchema>(type);
  return *schema;
}

}  // namespace plumb::apiserver
