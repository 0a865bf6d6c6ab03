// Priority: the number behind a pod's priority class, and that at most one class is the default.
#include "reference/api/types/corev1.h"
#include "reference/api/types/schedulingv1.h"
#include "reference/apiserver/admission/plugin.h"

namespace plumb::apiserver {
namespace {

using schedulingv1::PriorityClass;

class Priority final : public AdmissionPlugin {
 public:
  int order() const override { return 50; }

  Refusal mutate(AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!request.object || !request.subresource.empty() || &request.resource.type() != &corev1::Pod::info()) return std::nullopt;
    corev1::PodSpec& spec = static_cast<corev1::Pod*>(request.object)->spec;
    if (request.operation == Operation::update) {
      keep(spec, static_cast<const corev1::Pod*>(request.old)->spec);
      return std::nullopt;
    }
    const std::shared_ptr<const PriorityClass> chosen = class_of(spec, cluster);
    if (!chosen && !spec.priorityClassName.empty())
      return status::forbidden({"", "pods"}, request.name, "no PriorityClass with name " + spec.priorityClassName.str() + " was found");
    const std::int32_t value = chosen ? chosen->value : 0;
    if (spec.priority && *spec.priority != value)
      return status::forbidden({"", "pods"}, request.name,
                               "the integer value of priority (" + std::to_string(*spec.priority) +
                                   ") must not be provided in pod spec; priority admission controller computed " + std::to_string(value) +
                                   " from the given PriorityClass name");
    const api::Str preemption(chosen && chosen->preemptionPolicy ? chosen->preemptionPolicy->view() : corev1::PreemptLowerPriority);
    if (spec.preemptionPolicy && *spec.preemptionPolicy != preemption)
      return status::forbidden({"", "pods"}, request.name,
                               "the string value of PreemptionPolicy (" + spec.preemptionPolicy->str() +
                                   ") must not be provided in pod spec; priority admission controller computed " + preemption.str() +
                                   " from the given PriorityClass name");
    if (chosen) spec.priorityClassName = chosen->metadata.name;
    spec.priority = value;
    spec.preemptionPolicy = preemption;
    return std::nullopt;
  }

  Refusal validate(const AdmissionRequest& request, const ClusterView& cluster) const override {
    if (!request.object || &request.resource.type() != &PriorityClass::info()) return std::nullopt;
    const auto& wanted = static_cast<const PriorityClass&>(*request.object);
    const auto present = wanted.globalDefault ? default_class(cluster) : nullptr;
    if (!present || present->metadata.name == wanted.metadata.name) return std::nullopt;
    return status::forbidden({"scheduling.k8s.io", "priorityclasses"}, wanted.metadata.name,
                             "PriorityClass " + present->metadata.name.str() + " is already marked as default. Only one default can exist");
  }

 private:
  // Who updates a pod need not repeat what it was given.
  static void keep(corev1::PodSpec& next, const corev1::PodSpec& old) {
    if (!next.priority) next.priority = old.priority;
    if (!next.preemptionPolicy) next.preemptionPolicy = old.preemptionPolicy;
  }
  static std::shared_ptr<const PriorityClass> default_class(const ClusterView& cluster) {
    std::shared_ptr<const PriorityClass> lowest;
    for (const api::ObjectPtr& each : cluster.list(PriorityClass::info(), {})) {
      const auto typed = api::as<PriorityClass>(each);
      if (typed->globalDefault && (!lowest || typed->value < lowest->value)) lowest = typed;
    }
    return lowest;
  }
  static std::shared_ptr<const PriorityClass> class_of(const corev1::PodSpec& spec, const ClusterView& cluster) {
    return spec.priorityClassName.empty() ? default_class(cluster) : cluster.get<PriorityClass>({}, spec.priorityClassName);
  }
};

const Registered<AdmissionPlugin> registered_priority{"Priority", [] { return std::make_unique<Priority>(); }};

}  // namespace
}  // namespace plumb::apiserver
