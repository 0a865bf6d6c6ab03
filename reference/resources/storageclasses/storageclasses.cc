#include "reference/api/types/storagev1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class StorageClasses final : public Typed<storagev1::StorageClass> {
 public:
  StorageClasses() : Typed(Names{"storageclasses", "storageclass", {"sc"}, {}, false}) {}
  std::vector<Column> columns() const override {
    return {name_column(),
            text_column("Provisioner", "Who makes the volumes."),
            text_column("ReclaimPolicy", "What becomes of its volumes when their claims are gone."),
            text_column("VolumeBindingMode", "When volumes are made and bound."),
            text_column("AllowVolumeExpansion", "Whether its volumes may grow."),
            age_column()};
  }

 protected:
  void defaults(storagev1::StorageClass& object) const override {
    if (!object.reclaimPolicy) object.reclaimPolicy = "Delete";
    if (!object.volumeBindingMode) object.volumeBindingMode = "Immediate";
  }
  void check(const storagev1::StorageClass& object, FieldErrors& errors) const override {
    check_required(object.provisioner, FieldPath("provisioner"), errors);
  }
  void check_update(const storagev1::StorageClass& next, const storagev1::StorageClass& previous, FieldErrors& errors) const override {
    constexpr std::string_view why = "updates to %s are forbidden.";
    const auto fixed = [&](bool same, std::string_view field) {
      if (!same) errors.forbidden(FieldPath(field), std::string(why).replace(why.find("%s"), 2, field));
    };
    fixed(next.parameters == previous.parameters, "parameters");
    fixed(next.provisioner == previous.provisioner, "provisioner");
    fixed(next.reclaimPolicy == previous.reclaimPolicy, "reclaimPolicy");
    check_immutable(!(next.volumeBindingMode == previous.volumeBindingMode), FieldPath("volumeBindingMode"),
                    quoted(next.volumeBindingMode.value_or("")), errors);
  }
  std::vector<Cell> cells(const storagev1::StorageClass& object, WallTime now) const override {
    const bool is_default = object.metadata.annotations.get("storageclass.kubernetes.io/is-default-class") == "true";
    return {is_default ? object.metadata.name.str() + " (default)" : object.metadata.name.str(),
            object.provisioner,
            object.reclaimPolicy.value_or("Delete"),
            object.volumeBindingMode.value_or("Immediate"),
            Cell(object.allowVolumeExpansion.value_or(false)),
            age(object, now)};
  }
};

const Registered<Resource> registered{"storageclasses.storage.k8s.io", [] { return std::make_unique<StorageClasses>(); }};

}  // namespace
}  // namespace plumb::resources
