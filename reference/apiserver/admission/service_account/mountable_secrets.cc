#include "reference/apiserver/admission/service_account/mountable_secrets.h"

#include <algorithm>
#include <string_view>

namespace plumb::apiserver {
namespace {

constexpr std::string_view annotation = "kubernetes.io/enforce-mountable-secrets";

template <class References>
bool names(const References& references, std::string_view name) {
  return std::any_of(references.begin(), references.end(), [&](const auto& each) { return each.name == name; });
}

std::string because(const corev1::ServiceAccount& account) {
  return " is not allowed because service account " + account.metadata.name.str() + " does not reference that ";
}

template <class Container>
std::string in_environment(const corev1::ServiceAccount& account, std::string_view kind, const Container& container) {
  const auto refused = [&](const std::string& by, std::string_view secret) {
    return std::string(kind) + " " + container.name.str() + " with " + by + " referencing secret.secretName=\"" + std::string(secret) + "\"" + because(account) + "secret";
  };
  for (const corev1::EnvVar& each : container.env) {
    if (!each.valueFrom || !each.valueFrom->secretKeyRef) continue;
    const auto& secret = each.valueFrom->secretKeyRef->localObjectReference.name;
    if (!names(account.secrets, secret)) return refused("envVar " + each.name.str(), secret);
  }
  for (const corev1::EnvFromSource& each : container.envFrom)
    if (each.secretRef && !names(account.secrets, each.secretRef->localObjectReference.name)) return refused("envFrom", each.secretRef->localObjectReference.name);
  return {};
}

}  // namespace

bool limits_secrets(const corev1::ServiceAccount& account) {
  const std::string_view value = account.metadata.annotations.get(annotation).view();
  for (const std::string_view yes : {"1", "t", "T", "TRUE", "true", "True"})
    if (value == yes) return true;
  return false;
}

std::string unnamed_secret(const corev1::ServiceAccount& account, const corev1::PodSpec& spec) {
  for (const corev1::Volume& each : spec.volumes)
    if (const auto& secret = each.volumeSource.secret; secret && !names(account.secrets, secret->secretName))
      return "volume with secret.secretName=\"" + secret->secretName.str() + "\"" + because(account) + "secret";
  for (const auto& each : spec.initContainers)
    if (auto refused = in_environment(account, "init container", each); !refused.empty()) return refused;
  for (const auto& each : spec.containers)
    if (auto refused = in_environment(account, "container", each); !refused.empty()) return refused;
  for (std::size_t i = 0; i < spec.imagePullSecrets.size(); ++i)
    if (const auto& name = spec.imagePullSecrets[i].name; !names(account.imagePullSecrets, name))
      return "imagePullSecrets[" + std::to_string(i) + "].name=\"" + name.str() + "\"" + because(account) + "imagePullSecret";
  return {};
}

std::string unnamed_secret_of_ephemeral(const corev1::ServiceAccount& account, const corev1::PodSpec& spec) {
  for (const auto& each : spec.ephemeralContainers)
    if (auto refused = in_environment(account, "ephemeral container", each.ephemeralContainerCommon); !refused.empty()) return refused;
  return {};
}

}  // namespace plumb::apiserver
