#include <set>

#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/storage_checks.h"
#include "reference/resources/shared/typed.h"
#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::resources {
namespace {

void check_term(const corev1::TopologySelectorTerm& term, const FieldPath& path, FieldErrors& errors) {
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < term.matchLabelExpressions.size(); ++i) {
    const auto& one = term.matchLabelExpressions[i];
    const FieldPath at = path.index(i);
    check_text(api::check_qualified_name(one.key), at.child("key"), one.key, errors);
    if (one.values.empty()) errors.required(at.child("values"));
    std::set<std::string_view> values;
    for (std::size_t n = 0; n < one.values.size(); ++n)
      if (!values.insert(one.values[n]).second) errors.duplicate(at.child("values").index(n), quoted(one.values[n]));
    if (!keys.insert(one.key).second) errors.duplicate(at.child("key"), quoted(one.key));
  }
}

void check_topologies(const api::List<corev1::TopologySelectorTerm>& terms, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const FieldPath at = path.index(i).child("matchLabelExpressions");
    check_term(terms[i], at, errors);
    for (std::size_t before = 0; before < i; ++before)
      if (terms[before] == terms[i]) errors.duplicate(at, "\"\"");
  }
}

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
    check_provisioner(object.provisioner, FieldPath("provisioner"), errors);
    check_parameters(object.parameters, true, FieldPath("parameters"), errors);
    check_topologies(object.allowedTopologies, FieldPath("allowedTopologies"), errors);
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
    return {is_default(object) ? object.metadata.name.str() + " (default)" : object.metadata.name.str(),
            object.provisioner,
            object.reclaimPolicy.value_or("Delete"),
            object.volumeBindingMode.value_or("Immediate"),
            Cell(object.allowVolumeExpansion.value_or(false)),
            age(object, now)};
  }
};

const Registered<Resource> registered_storageclasses{"storageclasses.storage.k8s.io", [] { return std::make_unique<StorageClasses>(); }};

}  // namespace
}  // namespace plumb::resources
