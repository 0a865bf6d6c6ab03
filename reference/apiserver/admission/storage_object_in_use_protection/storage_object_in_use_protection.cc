// StorageObjectInUseProtection: claims, volumes and their attribute classes do not go while they are used; the finalizers that hold them are taken off by controllers.
#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/api/types/storagev1.h"
#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

std::string_view finalizer_of(const api::TypeInfo& type) {
  if (&type == &corev1::PersistentVolumeClaim::info()) return "kubernetes.io/pvc-protection";
  if (&type == &corev1::PersistentVolume::info()) return "kubernetes.io/pv-protection";
  if (&type == &storagev1::VolumeAttributesClass::info()) return "kubernetes.io/vac-protection";
  return {};
}

class StorageObjectInUseProtection final : public AdmissionPlugin {
 public:
  int order() const override { return 72; }

  Refusal mutate(AdmissionRequest& request, const ClusterView&) const override {
    if (request.operation != Operation::create || !request.subresource.empty()) return std::nullopt;
    const std::string_view wanted = finalizer_of(request.resource.type());
    if (wanted.empty()) return std::nullopt;
    auto& finalizers = request.object->metadata.finalizers;
    if (std::none_of(finalizers.begin(), finalizers.end(), [&](const api::Str& one) { return one == wanted; })) finalizers.push_back(wanted);
    return std::nullopt;
  }
};

const Registered<AdmissionPlugin> registered_storage_object_in_use_protection{"StorageObjectInUseProtection", [] { return std::make_unique<StorageObjectInUseProtection>(); }};

}  // namespace
}  // namespace plumb::apiserver
