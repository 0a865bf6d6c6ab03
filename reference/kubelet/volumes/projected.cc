// projected: several sources in one folder.
#include "reference/kubelet/volumes/payload.h"

namespace plumb::kubelet {
namespace {

class ProjectedVolume final : public PayloadPlugin {
 public:
  std::string_view name() const override { return "kubernetes.io/projected"; }
  bool supports(const VolumeSpec& spec) const override { return static_cast<bool>(spec.volume.volumeSource.projected); }

 private:
  bool in_memory() const override { return true; }
  Result<Payload> payload(const VolumeSpec& spec, const FieldContext& context, ReferencedObjects& objects) const override {
    const auto& from = *spec.volume.volumeSource.projected;
    Payload files;
    for (const auto& part : from.sources) PLUMB_TRY(add(context, part, from.defaultMode.value_or(kDefaultFileMode), objects, files));
    return files;
  }

  static Status add(const FieldContext& context, const corev1::VolumeProjection& part, int mode, ReferencedObjects& objects, Payload& files) {
    const std::string_view namespace_ = context.pod.metadata.namespace_;
    if (part.configMap)
      PLUMB_TRY(add_config_map(objects, namespace_, part.configMap->localObjectReference.name, part.configMap->items, part.configMap->optional.value_or(false),
                               mode, files));
    if (part.secret)
      PLUMB_TRY(add_secret(objects, namespace_, part.secret->localObjectReference.name, part.secret->items, part.secret->optional.value_or(false), mode, files));
    if (part.downwardAPI) PLUMB_TRY(add_downward(context, part.downwardAPI->items, mode, files));
    if (part.serviceAccountToken) {
      const auto& token = *part.serviceAccountToken;
      auto text = PLUMB_TRY(objects.token(context.pod, token.audience, token.expirationSeconds.value_or(kTokenSeconds)));
      files[token.path.str()] = {std::move(text), mode};
    }
    if (part.clusterTrustBundle || part.podCertificate) return fail(Code::unsupported, "this kubelet projects no trust bundles and certificates");
    return {};
  }

  static constexpr std::int64_t kTokenSeconds = 3600;
};

const Registered<VolumePlugin> registered_projected{"kubernetes.io/projected", [] { return std::make_unique<ProjectedVolume>(); }};

}  // namespace
}  // namespace plumb::kubelet
