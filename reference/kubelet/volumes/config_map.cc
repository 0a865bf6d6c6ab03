// configMap: the keys of a ConfigMap as files.
#include "reference/kubelet/volumes/payload.h"

namespace plumb::kubelet {
namespace {

class ConfigMapVolume final : public PayloadPlugin {
 public:
  std::string_view name() const override { return "kubernetes.io/configmap"; }
  bool supports(const VolumeSpec& spec) const override { return static_cast<bool>(spec.volume.volumeSource.configMap); }

 private:
  bool in_memory() const override { return false; }
  Result<Payload> payload(const VolumeSpec& spec, const FieldContext& context, ReferencedObjects& objects) const override {
    const auto& from = *spec.volume.volumeSource.configMap;
    Payload files;
    PLUMB_TRY(add_config_map(objects, context.pod.metadata.namespace_, from.localObjectReference.name, from.items, from.optional.value_or(false),
                             from.defaultMode.value_or(kDefaultFileMode), files));
    return files;
  }
};

const Registered<VolumePlugin> registered_config_map{"kubernetes.io/configmap", [] { return std::make_unique<ConfigMapVolume>(); }};

}  // namespace
}  // namespace plumb::kubelet
