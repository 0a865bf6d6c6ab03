#include <set>

#include "reference/api/types/storagev1.h"
#include "reference/api/walk.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/storage_checks.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

using storagev1::CSINode;

constexpr std::size_t longest_node_id = 256;
const FieldPath drivers_path = FieldPath("spec").child("drivers");

void check_node_id(std::string_view id, const FieldPath& path, FieldErrors& errors) {
  if (id.empty()) errors.required(path);
  if (id.size() > longest_node_id) errors.invalid(path, quoted(id), "must be " + std::to_string(longest_node_id) + " characters or less");
}

void check_driver(const storagev1::CSINodeDriver& driver, const FieldPath& path, FieldErrors& errors) {
  check_driver_name(driver.name, path.child("name"), errors);
  check_node_id(driver.nodeID, path.child("nodeID"), errors);
  if (driver.allocatable && driver.allocatable->count)
    check_nonnegative(*driver.allocatable->count, path.child("allocatable").child("count"), errors);
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < driver.topologyKeys.size(); ++i) {
    const api::Str& key = driver.topologyKeys[i];
    const FieldPath at = path.child("topologyKeys");
    if (key.empty()) errors.required(at);
    if (!keys.insert(key).second) errors.duplicate(at, quoted(key));
    check_text(api::check_qualified_name(key), at, key, errors);
  }
}

class CSINodes final : public Typed<CSINode> {
 public:
  CSINodes() : Typed(Names{"csinodes", "csinode", {}, {}, false}) {}
  bool has_status() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(), number_column("Drivers", "How many CSI drivers run on the node."), age_column()};
  }

 protected:
  void check(const CSINode& node, FieldErrors& errors) const override {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < node.spec.drivers.size(); ++i) {
      const auto& driver = node.spec.drivers[i];
      const FieldPath at = drivers_path.index(i);
      check_driver(driver, at, errors);
      if (!names.insert(driver.name).second) errors.duplicate(at.child("name"), quoted(driver.name));
    }
  }
  // A driver comes and goes; while it is there, only the number of its volumes may change.
  void check_update(const CSINode& next, const CSINode& previous, FieldErrors& errors) const override {
    for (const auto& was : previous.spec.drivers) {
      for (storagev1::CSINodeDriver is : next.spec.drivers) {
        if (is.name != was.name) continue;
        is.allocatable = was.allocatable;
        check_immutable(!api::semantically_equal(storagev1::CSINodeDriver::info(), &is, &was), FieldPath("CSINodeDriver"), quoted(is.name), errors);
      }
    }
  }
  std::vector<Cell> cells(const CSINode& node, WallTime now) const override {
    return {node.metadata.name, static_cast<std::int64_t>(node.spec.drivers.size()), age(node, now)};
  }
};

const Registered<Resource> registered_csinodes{"csinodes.storage.k8s.io", [] { return std::make_unique<CSINodes>(); }};

}  // namespace
}  // namespace plumb::resources
