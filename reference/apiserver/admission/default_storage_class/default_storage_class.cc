// DefaultStorageClass: a claim that names no class gets the default one, when there is one.
#include "reference/apiserver/admission/plugin.h"
#include "reference/resources/storageclasses/claim_class.h"

namespace plumb::apiserver {
namespace {

class DefaultStorageClass final : public AdmissionPlugin {
 public:
  int order() const override { return 70; }

  Refusal mutate(AdmissionRequest& request, const ClusterView& cluster) const override {
    if (request.operation != Operation::create || !request.subresource.empty() || &request.resource.type() != &corev1::PersistentVolumeClaim::info())
      return std::nullopt;
    auto& claim = static_cast<corev1::PersistentVolumeClaim&>(*request.object);
    if (resources::has_class(claim)) return std::nullopt;
    std::vector<std::shared_ptr<const storagev1::StorageClass>> classes;
    for (const api::ObjectPtr& each : cluster.list(storagev1::StorageClass::info(), {})) classes.push_back(api::as<storagev1::StorageClass>(each));
    if (const auto found = resources::default_class(classes)) claim.spec.storageClassName = found->metadata.name;
    return std::nullopt;
  }
};

const Registered<AdmissionPlugin> registered_default_storage_class{"DefaultStorageClass", [] { return std::make_unique<DefaultStorageClass>(); }};

}  // namespace
}  // namespace plumb::apiserver
