// Quota of persistent volume claims: their number and the storage they ask for, in all and by storage class.
#include "reference/resources/resourcequotas/evaluator.h"

namespace plumb::resources::quota {
namespace {

constexpr std::string_view by_class = ".storageclass.storage.k8s.io/";
constexpr std::string_view number = "persistentvolumeclaims", storage = "requests.storage";
constexpr std::string_view class_annotation = "volume.beta.kubernetes.io/storage-class";

using Claim = corev1::PersistentVolumeClaim;
const Claim& claim_of(const api::Object& object) { return static_cast<const Claim&>(object); }

std::string storage_class(const Claim& claim) {
  if (const api::Str* named = claim.metadata.annotations.find(class_annotation)) return named->str();
  return claim.spec.storageClassName ? claim.spec.storageClassName->str() : std::string();
}

// In whole bytes: what is asked for, or what an expansion has taken already, whichever is more.
std::optional<api::Quantity> wanted_storage(const Claim& claim) {
  const Amounts asked = amounts_of(claim.spec.resources.requests), allocated = amounts_of(claim.status.allocatedResources);
  const auto request = asked.find("storage"), taken = allocated.find("storage");
  if (request == asked.end()) return std::nullopt;
  const api::Quantity& most = taken != allocated.end() && taken->second > request->second ? taken->second : request->second;
  const api::Quantity whole = api::Quantity::of(most.value(), most.format());
  return whole == most ? most : whole;
}

std::set<std::string_view> attribute_classes(const Claim& claim) {
  std::set<std::string_view> names;
  const auto note = [&](const api::Opt<api::Str>& name) {
    if (name && !name->empty()) names.insert(name->view());
  };
  note(claim.spec.volumeAttributesClassName);
  note(claim.status.currentVolumeAttributesClassName);
  if (claim.status.modifyVolumeStatus && !claim.status.modifyVolumeStatus->targetVolumeAttributesClassName.empty())
    names.insert(claim.status.modifyVolumeStatus->targetVolumeAttributesClassName.view());
  return names;
}

class Claims final : public Evaluator {
 public:
  bool handles(const Change& change) const override { return change.subresource.empty(); }
  bool tracks(std::string_view name) const override {
    if (name == number || name == storage || name == "count/persistentvolumeclaims") return true;
    const auto at = name.find(by_class);
    const std::string_view what = at == name.npos ? std::string_view() : name.substr(at + by_class.size());
    return what == number || what == storage;
  }
  Amounts usage(const api::Object& object, WallTime) const override {
    const Claim& claim = claim_of(object);
    Amounts amounts{{std::string(number), api::Quantity::of(1)}, {"count/persistentvolumeclaims", api::Quantity::of(1)}};
    const std::string name = storage_class(claim);
    const auto charge = [&](std::string_view what, const api::Quantity& amount) {
      amounts.insert_or_assign(std::string(what), amount);
      if (!name.empty()) amounts.insert_or_assign(name + std::string(by_class) + std::string(what), amount);
    };
    charge(number, api::Quantity::of(1));
    if (const auto bytes = wanted_storage(claim)) charge(storage, *bytes);
    return amounts;
  }
  bool in_scope(const api::Object& object, const corev1::ScopedResourceSelectorRequirement& requirement) const override {
    return requirement.scopeName == corev1::ResourceQuotaScopeVolumeAttributesClass && selects(requirement, attribute_classes(claim_of(object)));
  }
  bool frees(const api::Object& before, const api::Object& after, WallTime now) const override {
    return usage(before, now) != usage(after, now) || attribute_classes(claim_of(before)) != attribute_classes(claim_of(after));
  }
};

}  // namespace

const Evaluator& claims() {
  static const Claims evaluator;
  return evaluator;
}

}  // namespace plumb::resources::quota
