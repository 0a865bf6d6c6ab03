// RuntimeClass: a pod costs what its runtime costs, and goes where nodes have that runtime.
#include <algorithm>

#include "reference/api/types/corev1.h"
#include "reference/api/types/nodev1.h"
#include "reference/apiserver/admission/plugin.h"
#include "reference/resources/shared/amounts.h"

namespace plumb::apiserver {
namespace {

using corev1::Toleration;
using RuntimeClassPtr = std::shared_ptr<const nodev1::RuntimeClass>;

constexpr auto* other_overhead = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

metav1::Status forbidden(const AdmissionRequest& request, std::string_view why) { return status::forbidden({"", "pods"}, request.name, why); }

bool same(const api::Map<api::QuantityText>& a, const api::Map<api::QuantityText>& b) { return resources::amounts_of(a) == resources::amounts_of(b); }

// Whether whoever has `wide` needs `narrow` no more.
bool covers(const Toleration& wide, const Toleration& narrow) {
  if (wide == narrow) return true;
  const bool exists = wide.operator_ == corev1::TolerationOpExists;
  if (narrow.key != wide.key && !(wide.key.empty() && exists)) return false;
  if (narrow.effect != wide.effect && !wide.effect.empty()) return false;
  if (wide.effect == corev1::TaintEffectNoExecute && wide.tolerationSeconds && (!narrow.tolerationSeconds || *narrow.tolerationSeconds > *wide.tolerationSeconds)) return false;
  if (exists) return true;
  const bool equal = wide.operator_ == corev1::TolerationOpEqual || wide.operator_.empty();
  return equal && narrow.operator_ == corev1::TolerationOpEqual && narrow.value == wide.value;
}

// Both, without those that another one covers; of equal ones the first stays.
api::List<Toleration> merged(const api::List<Toleration>& first, const api::List<Toleration>& second) {
  std::vector<Toleration> all(first.begin(), first.end());
  all.insert(all.end(), second.begin(), second.end());
  api::List<Toleration> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Toleration& each) { return covers(each, all[i]); }) ||
                         std::any_of(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(), [&](const Toleration& each) { return each != all[i] && covers(each, all[i]); });
    if (!covered) kept.push_back(all[i]);
  }
  return kept;
}

Refusal set_overhead(const AdmissionRequest& request, corev1::PodSpec& spec, const nodev1::RuntimeClass& chosen) {
  if (!chosen.overhead) return std::nullopt;
  if (!spec.overhead.empty() && !same(spec.overhead, chosen.overhead->podFixed)) return forbidden(request, other_overhead);
  spec.overhead = chosen.overhead->podFixed;
  return std::nullopt;
}

Refusal set_scheduling(const AdmissionRequest& request, corev1::PodSpec& spec, const nodev1::RuntimeClass& chosen) {
  if (!chosen.scheduling) return std::nullopt;
  for (const auto& [key, value] : chosen.scheduling->nodeSelector) {
    if (spec.nodeSelector.contains(key) && spec.nodeSelector.get(key) != value)
      return forbidden(request, "conflict: runtimeClass.scheduling.nodeSelector[" + key.str() + "] = " + value.str() + "; pod.spec.nodeSelector[" + key.str() +
                                    "] = " + spec.nodeSelector.get(key).str());
    spec.nodeSelector.set(key, value);
  }
  spec.tolerations = merged(spec.tolerations, chosen.scheduling->tolerations);
  return std::nullopt;
}

class RuntimeClass final : public AdmissionPlugin {
 public:
  int order() const override { return 70; }

  Refusal mutate(AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!concerns(request)) return std::nullopt;
    corev1::PodSpec& spec = static_cast<corev1::Pod*>(request.object)->spec;
    if (!spec.runtimeClassName) return std::nullopt;
    const RuntimeClassPtr chosen = class_of(spec, cluster);
    if (!chosen) return forbidden(request, "pod rejected: RuntimeClass \"" + spec.runtimeClassName->str() + "\" not found");
    if (auto refused = set_overhead(request, spec, *chosen)) return refused;
    return set_scheduling(request, spec, *chosen);
  }

  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!concerns(request)) return std::nullopt;
    const corev1::PodSpec& spec = static_cast<const corev1::Pod*>(request.object)->spec;
    const RuntimeClassPtr chosen = class_of(spec, cluster);
    if (!chosen || !chosen->overhead)
      return spec.overhead.empty() ? Refusal() : forbidden(request, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
    return same(spec.overhead, chosen->overhead->podFixed) ? Refusal() : forbidden(request, other_overhead);
  }

 private:
  static bool concerns(const AdmissionRequest& request) {
    return request.operation == Operation::create && request.subresource.empty() && &request.resource.type() == &corev1::Pod::info();
  }
  static RuntimeClassPtr class_of(const corev1::PodSpec& spec, const ClusterView& cluster) {
    return spec.runtimeClassName ? cluster.get<nodev1::RuntimeClass>({}, *spec.runtimeClassName) : nullptr;
  }
};

const Registered<AdmissionPlugin> registered_runtime_class{"RuntimeClass", [] { return std::make_unique<RuntimeClass>(); }};

}  // namespace
}  // namespace plumb::apiserver
