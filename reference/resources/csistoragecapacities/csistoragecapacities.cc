#include "reference/api/types/storagev1.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/storage_checks.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using storagev1::CSIStorageCapacity;

const FieldPath topology_path("nodeTopology"), class_path("storageClassName");

class CSIStorageCapacities final : public Typed<CSIStorageCapacity> {
 public:
  CSIStorageCapacities() : Typed(Names{"csistoragecapacities", "csistoragecapacity", {}, {}, true}) {}
  std::vector<Column> columns() const override {
    return {name_column(), text_column("StorageClassName", "The class whose volumes could be made."), text_column("Capacity", "How much there is.")};
  }

 protected:
  void check(const CSIStorageCapacity& capacity, FieldErrors& errors) const override {
    if (capacity.nodeTopology) check_label_selector(*capacity.nodeTopology, topology_path, errors);
    check_class_name(capacity.storageClassName, class_path, errors);
    if (capacity.capacity) check_amount_not_negative(capacity.capacity, FieldPath("capacity"), errors);
    if (capacity.maximumVolumeSize) check_amount_not_negative(capacity.maximumVolumeSize, FieldPath("maximumVolumeSize"), errors);
  }
  void check_update(const CSIStorageCapacity& next, const CSIStorageCapacity& previous, FieldErrors& errors) const override {
    check_immutable(!(next.nodeTopology == previous.nodeTopology), topology_path, "null", errors);
    check_immutable(next.storageClassName != previous.storageClassName, class_path, quoted(next.storageClassName), errors);
  }
  std::vector<Cell> cells(const CSIStorageCapacity& capacity, WallTime) const override {
    return {capacity.metadata.name, capacity.storageClassName, or_else(capacity.capacity.text, "<unset>")};
  }
};

const Registered<Resource> registered_csistoragecapacities{"csistoragecapacities.storage.k8s.io", [] { return std::make_unique<CSIStorageCapacities>(); }};

}  // namespace
}  // namespace plumb::resources
