#include "reference/api/types/corev1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

constexpr std::size_t most_bytes = 1 << 20;
const FieldPath data_path("data"), binary_path("binaryData");

class ConfigMaps final : public Typed<corev1::ConfigMap> {
 public:
  ConfigMaps() : Typed(Names{"configmaps", "configmap", {"cm"}, {}, true}) {}
  std::vector<Column> columns() const override { return {name_column(), text_column("Data", "How many entries it has."), age_column()}; }

 protected:
  void check(const corev1::ConfigMap& object, FieldErrors& errors) const override {
    std::size_t bytes = 0;
    for (const auto& [key, value] : object.data) {
      check_text(api::check_config_map_key(key), data_path.key(key), key, errors);
      if (object.binaryData.contains(key)) errors.invalid(data_path.key(key), quoted(key), "duplicate of key present in binaryData");
      bytes += value.size();
    }
    for (const auto& [key, value] : object.binaryData) {
      check_text(api::check_config_map_key(key), binary_path.key(key), key, errors);
      bytes += value.data.size();
    }
    if (bytes > most_bytes) errors.too_long(FieldPath(""), most_bytes);
  }
  void check_update(const corev1::ConfigMap& next, const corev1::ConfigMap& previous, FieldErrors& errors) const override {
    if (!previous.immutable.value_or(false)) return;
    constexpr std::string_view why = "field is immutable when `immutable` is set";
    if (!next.immutable.value_or(false)) errors.forbidden(FieldPath("immutable"), why);
    if (!(next.data == previous.data)) errors.forbidden(data_path, why);
    if (!(next.binaryData == previous.binaryData)) errors.forbidden(binary_path, why);
  }
  std::vector<Cell> cells(const corev1::ConfigMap& object, WallTime now) const override {
    return {object.metadata.name, static_cast<std::int64_t>(object.data.size() + object.binaryData.size()), age(object, now)};
  }
};

const Registered<Resource> registered_configmaps{"configmaps", [] { return std::make_unique<ConfigMaps>(); }};

}  // namespace
}  // namespace plumb::resources
