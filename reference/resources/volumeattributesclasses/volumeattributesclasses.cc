#include "reference/api/types/storagev1.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/storage_checks.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using storagev1::VolumeAttributesClass;

const FieldPath driver_path("driverName"), parameters_path("parameters");

class VolumeAttributesClasses final : public Typed<VolumeAttributesClass> {
 public:
  VolumeAttributesClasses() : Typed(Names{"volumeattributesclasses", "volumeattributesclass", {"vac"}, {}, false}) {}
  std::vector<Column> columns() const override { return {name_column(), text_column("DriverName", "The CSI driver that knows the class."), age_column()}; }

 protected:
  void check(const VolumeAttributesClass& object, FieldErrors& errors) const override {
    check_driver_name(object.driverName, driver_path, errors);
    check_parameters(object.parameters, false, parameters_path, errors);
  }
  void check_update(const VolumeAttributesClass& next, const VolumeAttributesClass& previous, FieldErrors& errors) const override {
    if (next.driverName != previous.driverName) errors.forbidden(driver_path, "updates to driverName are forbidden.");
    if (!(next.parameters == previous.parameters)) errors.forbidden(parameters_path, "updates to parameters are forbidden.");
  }
  std::vector<Cell> cells(const VolumeAttributesClass& object, WallTime now) const override {
    return {object.metadata.name, object.driverName, age(object, now)};
  }
};

const Registered<Resource> registered_volumeattributesclasses{"volumeattributesclasses.storage.k8s.io", [] { return std::make_unique<VolumeAttributesClasses>(); }};

}  // namespace
}  // namespace plumb::resources
