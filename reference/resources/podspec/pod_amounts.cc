#include "reference/resources/podspec/pod_amounts.h"

#include <functional>

namespace plumb::resources {
namespace {

using OfContainer = std::function<Amounts(const corev1::Container&)>;

Amounts of_containers(const corev1::PodSpec& spec, const OfContainer& amounts_of_container) {
  Amounts together, sidecars, starting;
  for (const corev1::Container& container : spec.containers) add(together, amounts_of_container(container));
  for (const corev1::Container& container : spec.initContainers) {
    Amounts step = amounts_of_container(container);
    if (is_sidecar(container)) {
      add(together, step);
      add(sidecars, step);
      raise(starting, sidecars);
    } else {
      add(step, sidecars);
      raise(starting, step);
    }
  }
  raise(together, starting);
  return together;
}

// What may be asked for a pod as a whole.
bool is_pod_level(std::string_view name) { return name == "cpu" || name == "memory" || name.starts_with("hugepages-"); }

void override_with(Amounts& amounts, const api::Map<api::QuantityText>& whole) {
  for (const auto& [name, amount] : amounts_of(whole))
    if (is_pod_level(name)) amounts[name] = amount;
}

const corev1::ContainerStatus* status_of(const corev1::Pod& pod, std::string_view container) {
  for (const auto* statuses : {&pod.status.containerStatuses, &pod.status.initContainerStatuses})
    for (const corev1::ContainerStatus& status : *statuses)
      if (status.name == container) return status.resources ? &status : nullptr;
  return nullptr;
}

bool resize_is_infeasible(const corev1::Pod& pod) {
  for (const corev1::PodCondition& condition : pod.status.conditions)
    if (condition.type == "PodResizePending") return condition.reason == "Infeasible";
  return false;
}

}  // namespace

Amounts pod_requests(const corev1::Pod& pod, PodAmounts which) {
  const bool in_use = which == PodAmounts::in_use, infeasible = in_use && resize_is_infeasible(pod);
  Amounts amounts = of_containers(pod.spec, [&](const corev1::Container& container) {
    const corev1::ContainerStatus* granted = in_use ? status_of(pod, container.name) : nullptr;
    Amounts wanted = granted && infeasible ? Amounts() : amounts_of(container.resources.requests);
    if (granted) raise(wanted, amounts_of(granted->resources->requests));
    if (granted) raise(wanted, amounts_of(granted->allocatedResources));
    return wanted;
  });
  if (pod.spec.resources) override_with(amounts, pod.spec.resources->requests);
  if (in_use) add(amounts, amounts_of(pod.spec.overhead));
  return amounts;
}

Amounts pod_limits(const corev1::Pod& pod, PodAmounts which) {
  const bool in_use = which == PodAmounts::in_use, infeasible = in_use && resize_is_infeasible(pod);
  Amounts amounts = of_containers(pod.spec, [&](const corev1::Container& container) {
    const corev1::ContainerStatus* granted = in_use ? status_of(pod, container.name) : nullptr;
    Amounts wanted = granted && infeasible ? Amounts() : amounts_of(container.resources.limits);
    if (granted) raise(wanted, amounts_of(granted->resources->limits));
    return wanted;
  });
  if (pod.spec.resources) override_with(amounts, pod.spec.resources->limits);
  if (in_use) add(amounts, masked(amounts_of(pod.spec.overhead), amounts));
  return amounts;
}

}  // namespace plumb::resources
