// PersistentVolumeClaimResize: a claim grows only when its class allows it. That it is bound, validation demands.
#include "reference/api/text/quantity.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::apiserver {
namespace {

using corev1::PersistentVolumeClaim;

api::Quantity size_of(const PersistentVolumeClaim& claim) {
  const auto parsed = api::Quantity::parse(claim.spec.resources.requests.get("storage").text);
  return parsed.ok() ? *parsed : api::Quantity();
}

class PersistentVolumeClaimResize final : public AdmissionPlugin {
 public:
  int order() const override { return 74; }

  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    if (request.operation != Operation::update || !request.subresource.empty() || &request.resource.type() != &PersistentVolumeClaim::info())
      return std::nullopt;
    const auto& next = static_cast<const PersistentVolumeClaim&>(*request.object);
    const auto& previous = static_cast<const PersistentVolumeClaim&>(*request.old);
    if (size_of(next) <= size_of(previous)) return std::nullopt;
    if (allows(next, previous, cluster)) return std::nullopt;
    return status::forbidden({"", "persistentvolumeclaims"}, request.name,
                             "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
  }

 private:
  static bool allows(const PersistentVolumeClaim& next, const PersistentVolumeClaim& previous, const ClusterView& cluster) {
    const std::string_view name = resources::class_of(next);
    if (name.empty() || resources::class_of(previous).empty()) return false;
    const auto found = cluster.get<storagev1::StorageClass>({}, name);
    return found && found->allowVolumeExpansion.value_or(false);
  }
};

const Registered<AdmissionPlugin> registered_persistent_volume_claim_resize{"PersistentVolumeClaimResize", [] { return std::make_unique<PersistentVolumeClaimResize>(); }};

}  // namespace
}  // namespace plumb::apiserver
