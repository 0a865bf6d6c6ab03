// ServiceAccount: every pod has an account that exists, and its token, CA and namespace mounted where clients look for them.
#include "harness/base/random.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/apiserver/admission/service_account/mountable_secrets.h"
#include "reference/apiserver/authorization/pod_references.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view mirror_annotation = "kubernetes.io/config.mirror";
constexpr std::string_view default_account = "default";
constexpr std::string_view mount_path = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view volume_prefix = "kube-api-access-";
constexpr std::string_view root_ca = "kube-root-ca.crt";
constexpr std::int64_t token_seconds = 3607;
constexpr std::int32_t file_mode = 0644;

corev1::Volume token_volume(std::string_view name) {
  corev1::Volume volume;
  volume.name = name;
  corev1::ProjectedVolumeSource& projected = volume.volumeSource.projected.ensure();
  projected.defaultMode = file_mode;
  corev1::ServiceAccountTokenProjection& token = projected.sources.emplace_back().serviceAccountToken.ensure();
  token.expirationSeconds = token_seconds;
  token.path = "token";
  corev1::ConfigMapProjection& ca = projected.sources.emplace_back().configMap.ensure();
  ca.localObjectReference.name = root_ca;
  corev1::KeyToPath& item = ca.items.emplace_back();
  item.key = item.path = "ca.crt";
  corev1::DownwardAPIVolumeFile& file = projected.sources.emplace_back().downwardAPI.ensure().items.emplace_back();
  file.path = "namespace";
  corev1::ObjectFieldSelector& field = file.fieldRef.ensure();
  field.apiVersion = "v1";
  field.fieldPath = "metadata.namespace";
  return volume;
}

bool mounts_there(const corev1::Container& container) {
  for (const corev1::VolumeMount& mount : container.volumeMounts)
    if (mount.mountPath == mount_path) return true;
  return false;
}

// Empty when there is none.
std::string present_token_volume(const corev1::PodSpec& spec) {
  for (const corev1::Volume& volume : spec.volumes)
    if (volume.name.view().starts_with(volume_prefix)) return volume.name.str();
  return {};
}

void mount_token(corev1::PodSpec& spec) {
  const std::string present = present_token_volume(spec);
  const std::string name = present.empty() ? std::string(volume_prefix) + random_suffix(5) : present;
  bool used = false;
  for (api::List<corev1::Container>* containers : {&spec.initContainers, &spec.containers}) {
    for (corev1::Container& container : *containers) {
      if (mounts_there(container)) continue;
      corev1::VolumeMount& mount = container.volumeMounts.emplace_back();
      mount.name = name;
      mount.readOnly = true;
      mount.mountPath = mount_path;
      used = true;
    }
  }
  if (used && present.empty()) spec.volumes.push_back(token_volume(name));
}

class ServiceAccount final : public AdmissionPlugin {
 public:
  int order() const override { return 40; }

  Refusal mutate(AdmissionRequest& request, const ClusterView& cluster) const override {
    if (request.operation != Operation::create || !request.subresource.empty() || &request.resource.type() != &corev1::Pod::info()) return std::nullopt;
    auto& pod = *static_cast<corev1::Pod*>(request.object);
    if (pod.metadata.annotations.contains(mirror_annotation)) return check_mirror(request, pod);
    if (pod.spec.serviceAccountName.empty()) pod.spec.serviceAccountName = default_account;
    pod.spec.serviceAccount = pod.spec.serviceAccountName;
    const auto account = account_of(pod, request, cluster);
    if (!account) return missing(pod, request);
    if (pod.spec.automountServiceAccountToken.value_or(account->automountServiceAccountToken.value_or(true))) mount_token(pod.spec);
    if (pod.spec.imagePullSecrets.empty()) pod.spec.imagePullSecrets = account->imagePullSecrets;
    return std::nullopt;
  }

  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!request.object || &request.resource.type() != &corev1::Pod::info()) return std::nullopt;
    const bool created = request.operation == Operation::create && request.subresource.empty();
    if (!created && request.subresource != "ephemeralcontainers") return std::nullopt;
    const auto& pod = *static_cast<const corev1::Pod*>(request.object);
    if (pod.metadata.annotations.contains(mirror_annotation)) return std::nullopt;
    const auto account = account_of(pod, request, cluster);
    if (!account) return missing(pod, request);
    if (!limits_secrets(*account)) return std::nullopt;
    const std::string unnamed = created ? unnamed_secret(*account, pod.spec) : unnamed_secret_of_ephemeral(*account, pod.spec);
    return unnamed.empty() ? Refusal() : status::forbidden({"", "pods"}, request.name, unnamed);
  }

 private:
  static std::shared_ptr<const corev1::ServiceAccount> account_of(const corev1::Pod& pod, const AdmissionRequest& request, const ClusterView& cluster) {
    return cluster.get<corev1::ServiceAccount>(request.namespace_, pod.spec.serviceAccountName);
  }

  static metav1::Status missing(const corev1::Pod& pod, const AdmissionRequest& request) {
    const std::string name = pod.spec.serviceAccountName.str();
    return status::forbidden({"", "pods"}, request.name,
                             "error looking up service account " + std::string(request.namespace_) + "/" + name + ": serviceaccount \"" + name + "\" not found");
  }

  static Refusal check_mirror(const AdmissionRequest& request, const corev1::Pod& pod) {
    if (!pod.spec.serviceAccountName.empty()) return status::forbidden({"", "pods"}, request.name, "a mirror pod may not reference service accounts");
    if (any_reference(pod, [](Referenced what, std::string_view) { return what == Referenced::secret; }))
      return status::forbidden({"", "pods"}, request.name, "a mirror pod may not reference secrets");
    for (const corev1::Volume& volume : pod.spec.volumes)
      if (volume.volumeSource.projected)
        for (const corev1::VolumeProjection& source : volume.volumeSource.projected->sources)
          if (source.serviceAccountToken)
            return status::forbidden({"", "pods"}, request.name, "a mirror pod may not use ServiceAccountToken volume projections");
    return std::nullopt;
  }
};

const Registered<AdmissionPlugin> registered_service_account{"ServiceAccount", [] { return std::make_unique<ServiceAccount>(); }};

}  // namespace
}  // namespace plumb::apiserver
