// secret: the keys of a Secret as files.
#include "reference/kubelet/volumes/payload.h"

namespace plumb::kubelet {
namespace {

class SecretVolume final : public PayloadPlugin {
 public:
  std::string_view name() const override { return "kubernetes.io/secret"; }
  bool supports(const VolumeSpec& spec) const override { return static_cast<bool>(spec.volume.volumeSource.secret); }

 private:
  bool in_memory() const override { return true; }
  Result<Payload> payload(const VolumeSpec& spec, const FieldContext& context, ReferencedObjects& objects) const override {
    const auto& from = *spec.volume.volumeSource.secret;
    Payload files;
    PLUMB_TRY(add_secret(objects, context.pod.metadata.namespace_, from.secretName, from.items, from.optional.value_or(false),
                         from.defaultMode.value_or(kDefaultFileMode), files));
    return files;
  }
};

const Registered<VolumePlugin> registered_secret{"kubernetes.io/secret", [] { return std::make_unique<SecretVolume>(); }};

}  // namespace
}  // namespace plumb::kubelet
