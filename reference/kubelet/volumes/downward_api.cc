// downwardAPI: fields of the pod and resources of its containers as files.
#include "reference/kubelet/volumes/payload.h"

namespace plumb::kubelet {
namespace {

class DownwardApiVolume final : public PayloadPlugin {
 public:
  std::string_view name() const override { return "kubernetes.io/downward-api"; }
  bool supports(const VolumeSpec& spec) const override { return static_cast<bool>(spec.volume.volumeSource.downwardAPI); }

 private:
  bool in_memory() const override { return true; }
  Result<Payload> payload(const VolumeSpec& spec, const FieldContext& context, ReferencedObjects&) const override {
    const auto& from = *spec.volume.volumeSource.downwardAPI;
    Payload files;
    PLUMB_TRY(add_downward(context, from.items, from.defaultMode.value_or(kDefaultFileMode), files));
    return files;
  }
};

const Registered<VolumePlugin> registered_downward_api{"kubernetes.io/downward-api", [] { return std::make_unique<DownwardApiVolume>(); }};

}  // namespace
}  // namespace plumb::kubelet
