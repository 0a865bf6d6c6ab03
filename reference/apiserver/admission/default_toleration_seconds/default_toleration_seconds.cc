// DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or unreachable, unless it says otherwise.
#include "reference/api/types/corev1.h"
#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view taints[] = {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"};
constexpr std::int64_t toleration_seconds = 300;

bool tolerates(const corev1::PodSpec& spec, std::string_view taint) {
  for (const corev1::Toleration& each : spec.tolerations)
    if ((each.key == taint || each.key.empty()) && (each.effect == corev1::TaintEffectNoExecute || each.effect.empty())) return true;
  return false;
}

class DefaultTolerationSeconds final : public AdmissionPlugin {
 public:
  int order() const override { return 60; }

  Refusal mutate(AdmissionRequest& request, const ClusterView&) const override {
    if (!request.object || !request.subresource.empty() || &request.resource.type() != &corev1::Pod::info()) return std::nullopt;
    corev1::PodSpec& spec = static_cast<corev1::Pod*>(request.object)->spec;
    for (const std::string_view taint : taints) {
      if (tolerates(spec, taint)) continue;
      corev1::Toleration& added = spec.tolerations.emplace_back();
      added.key = taint;
      added.operator_ = corev1::TolerationOpExists;
      added.effect = corev1::TaintEffectNoExecute;
      added.tolerationSeconds = toleration_seconds;
    }
    return std::nullopt;
  }
};

const Registered<AdmissionPlugin> registered_default_toleration_seconds{"DefaultTolerationSeconds", [] { return std::make_unique<DefaultTolerationSeconds>(); }};

}  // namespace
}  // namespace plumb::apiserver
