#include "reference/resources/persistentvolumeclaims/claim_rules.h"

#include "reference/api/walk.h"
#include "reference/resources/shared/checks.h"
#include "reference/resources/shared/print.h"
#include "reference/resources/shared/storage_checks.h"
#include "reference/resources/shared/type_defaults.h"
#include "reference/resources/shared/typed.h"
#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::resources {

namespace {

const FieldPath storage_path = spec_path.child("resources").child("requests").child("storage");

// Of dataSource and dataSourceRef alike.
template <class Source>
void check_source(const Source& source, const FieldPath& path, FieldErrors& errors) {
  check_required(source.name, path.child("name"), errors);
  check_required(source.kind, path.child("kind"), errors);
  const std::string_view group = source.apiGroup ? source.apiGroup->view() : std::string_view();
  if (group.empty() && source.kind != "PersistentVolumeClaim")
    errors.invalid(path, quoted(source.kind), "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  if (!group.empty()) check_text(api::check_dns1123_subdomain(group), path, group, errors);
}

bool same_source(const corev1::TypedLocalObjectReference& source, const corev1::TypedObjectReference& reference) {
  return source.apiGroup.value_or("") == reference.apiGroup.value_or("") && source.kind == reference.kind && source.name == reference.name;
}

void check_sources(const corev1::PersistentVolumeClaimSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.dataSource) check_source(*spec.dataSource, path.child("dataSource"), errors);
  if (!spec.dataSourceRef) return;
  check_source(*spec.dataSourceRef, path.child("dataSourceRef"), errors);
  const bool elsewhere = spec.dataSourceRef->namespace_ && !spec.dataSourceRef->namespace_->empty();
  if (!spec.dataSource) return;
  if (elsewhere)
    errors.invalid(path, path.child("dataSource").text(), "may not be specified when dataSourceRef.namespace is specified");
  else if (!same_source(*spec.dataSource, *spec.dataSourceRef))
    errors.invalid(path, path.child("dataSource").text(), "must match dataSourceRef");
}

// Each is given where the other is.
void complete_sources(corev1::PersistentVolumeClaimSpec& spec) {
  if (spec.dataSource && !spec.dataSourceRef) {
    corev1::TypedObjectReference& made = spec.dataSourceRef.ensure();
    made.apiGroup = spec.dataSource->apiGroup;
    made.kind = spec.dataSource->kind;
    made.name = spec.dataSource->name;
  } else if (spec.dataSourceRef && !spec.dataSource && spec.dataSourceRef->namespace_.value_or("").empty()) {
    corev1::TypedLocalObjectReference& made = spec.dataSource.ensure();
    made.apiGroup = spec.dataSourceRef->apiGroup;
    made.kind = spec.dataSourceRef->kind;
    made.name = spec.dataSourceRef->name;
  }
}

api::Quantity storage_in(const api::Map<api::QuantityText>& amounts) {
  const auto parsed = api::Quantity::parse(amounts.get("storage").text);
  return parsed.ok() ? *parsed : api::Quantity();
}

}  // namespace

void check_claim_spec(const corev1::PersistentVolumeClaimSpec& spec, const FieldPath& path, FieldErrors& errors) {
  if (spec.accessModes.empty()) errors.required(path.child("accessModes"), "at least 1 access mode is required");
  check_access_modes(spec.accessModes, path.child("accessModes"), errors);
  if (spec.selector) check_label_selector(*spec.selector, path.child("selector"), errors);
  const FieldPath size = path.child("resources").key("storage");
  if (const api::QuantityText* storage = spec.resources.requests.find("storage"))
    check_size(*storage, size, errors);
  else
    errors.required(size);
  if (spec.storageClassName && !spec.storageClassName->empty()) check_class_name(*spec.storageClassName, path.child("storageClassName"), errors);
  check_sources(spec, path, errors);
  if (spec.volumeAttributesClassName && !spec.volumeAttributesClassName->empty())
    check_class_name(*spec.volumeAttributesClassName, path.child("volumeAttributesClassName"), errors);
}

namespace {

const TypeDefault<corev1::PersistentVolumeClaimSpec> mode{[](corev1::PersistentVolumeClaimSpec& spec) {
  if (!spec.volumeMode) spec.volumeMode = "Filesystem";
}};

using Claim = corev1::PersistentVolumeClaim;

class PersistentVolumeClaims final : public Typed<Claim> {
 public:
  PersistentVolumeClaims() : Typed(Names{"persistentvolumeclaims", "persistentvolumeclaim", {"pvc"}, {}, true}) {}
  bool has_generation() const override { return false; }
  std::vector<Column> columns() const override {
    return {name_column(),
            text_column("Status", "Whether the claim is bound."),
            text_column("Volume", "The volume it is bound to."),
            text_column("Capacity", "The size of that volume."),
            text_column("Access Modes", "How that volume may be mounted."),
            text_column("StorageClass", "The storage class asked for."),
            text_column("VolumeAttributesClass", "The volume attributes class asked for."),
            age_column(),
            text_column("VolumeMode", "Filesystem or Block.", 1)};
  }

 protected:
  void defaults(corev1::PersistentVolumeClaim& claim) const override {
    if (claim.status.phase.empty()) claim.status.phase = "Pending";
    complete_sources(claim.spec);
  }
  void on_create(corev1::PersistentVolumeClaim& claim) const override { claim.status.phase = "Pending"; }
  void check(const corev1::PersistentVolumeClaim& claim, FieldErrors& errors) const override {
    check_claim_spec(claim.spec, spec_path, errors);
  }
  // The binder gives the volume's name; a bound claim may grow, and change its volume attributes class; the rest stays.
  void check_update(const Claim& next, const Claim& previous, FieldErrors& errors) const override {
    corev1::PersistentVolumeClaimSpec rest = next.spec, before = previous.spec;
    if (before.volumeName.empty()) before.volumeName = rest.volumeName;
    check_class_change(next, previous, rest, errors);
    if (next.status.phase == "Bound") {
      if (!rest.resources.requests.empty()) rest.resources.requests.set("storage", before.resources.requests.get("storage"));
      rest.volumeAttributesClassName = before.volumeAttributesClassName;
    }
    if (!api::semantically_equal(corev1::PersistentVolumeClaimSpec::info(), &rest, &before))
      errors.forbidden(spec_path, "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
    check_shrinking(next, previous, errors);
    check_immutable(next.spec.volumeMode != previous.spec.volumeMode, FieldPath("volumeMode"), quoted(next.spec.volumeMode.value_or("")), errors);
    if (next.spec.volumeAttributesClassName.value_or("").empty() && !previous.spec.volumeAttributesClassName.value_or("").empty() &&
        previous.status.currentVolumeAttributesClassName)
      errors.forbidden(spec_path.child("volumeAttributesClassName"), "update from non-nil value to nil is forbidden");
  }
  void check_status_update(const Claim& next, const Claim&, FieldErrors& errors) const override {
    const FieldPath status("status");
    for (const auto& [name, amount] : next.status.capacity) check_amount_not_negative(amount, status.child("capacity").key(name), errors);
    for (const auto& [name, amount] : next.status.allocatedResources)
      check_amount_not_negative(amount, status.child("allocatedResources").key(name), errors);
    for (const auto& [name, state] : next.status.allocatedResourceStatuses)
      check_text(api::check_qualified_name(name), status.child("allocatedResourceStatuses").key(name), name, errors);
  }
  std::vector<Cell> cells(const corev1::PersistentVolumeClaim& claim, WallTime now) const override {
    const auto& spec = claim.spec;
    const bool bound = !spec.volumeName.empty();
    return {claim.metadata.name,
            claim.metadata.deletionTimestamp ? "Terminating" : claim.status.phase.str(),
            spec.volumeName,
            bound ? text_of(claim.status.capacity, "storage") : "",
            bound ? access_modes(claim.status.accessModes) : "",
            spec.storageClassName.value_or(""),
            spec.volumeAttributesClassName.value_or("<unset>"),
            age(claim, now),
            spec.volumeMode.value_or("<unset>")};
  }

 private:
  // A class may come where there was none (the default one, later), and move from the old annotation into the spec.
  static void check_class_change(const Claim& next, const Claim& previous, corev1::PersistentVolumeClaimSpec& rest, FieldErrors& errors) {
    const api::Str was(previous.metadata.annotations.get(beta_class_annotation)), is(next.metadata.annotations.get(beta_class_annotation));
    const auto& chosen = next.spec.storageClassName;
    if (!was.empty() && is.empty() && !previous.spec.storageClassName && chosen && *chosen == was) {
      rest.storageClassName.reset();
      return;
    }
    if (was != is) errors.invalid(FieldPath("metadata").child("annotations").child(beta_class_annotation), quoted(is), "field is immutable");
    if (was.empty() && !previous.spec.storageClassName && chosen) rest.storageClassName.reset();
  }
  // Back from an expansion that failed, but not below what there is.
  static void check_shrinking(const Claim& next, const Claim& previous, FieldErrors& errors) {
    const api::Quantity wanted = storage_in(next.spec.resources.requests);
    if (wanted < storage_in(previous.spec.resources.requests) && wanted <= storage_in(previous.status.capacity))
      errors.forbidden(storage_path, "field can not be less than status.capacity");
  }
};

const Registered<Resource> registered_persistentvolumeclaims{"persistentvolumeclaims", [] { return std::make_unique<PersistentVolumeClaims>(); }};

}  // namespace
}  // namespace plumb::resources
