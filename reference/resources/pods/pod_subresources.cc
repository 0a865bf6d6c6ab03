// The subresources of pods that change a part of the spec.
#include <algorithm>

#include "reference/resources/pods/pod_update.h"
#include "reference/resources/podspec/qos.h"
#include "reference/resources/shared/checks.h"

namespace plumb::resources {
namespace {

// The pod as it was, for the request that `next` came with.
corev1::Pod as_before(const corev1::Pod& next, const corev1::Pod& previous) {
  corev1::Pod pod = previous;
  pod.metadata.resourceVersion = next.metadata.resourceVersion;
  return pod;
}

using Containers = api::List<corev1::Container>;
using Quantities = api::Map<api::QuantityText>;

void take_resources(const Containers& from, Containers& to) {
  for (const corev1::Container& container : from) {
    const auto same = std::find_if(to.begin(), to.end(), [&](const corev1::Container& each) { return each.name == container.name; });
    if (same == to.end()) continue;
    same->resources = container.resources;
    same->resizePolicy = container.resizePolicy;
  }
}

bool differ_beyond_cpu_and_memory(const Quantities& next, const Quantities& previous) {
  const auto differs = [](const Quantities& one, const Quantities& other) {
    return std::any_of(one.begin(), one.end(), [&](const auto& entry) {
      const api::QuantityText* there = other.find(entry.key);
      return entry.key != "cpu" && entry.key != "memory" && (!there || !(*there == entry.value));
    });
  };
  return differs(next, previous) || differs(previous, next);
}

void check_resized(const Containers& next, const Containers& previous, const FieldPath& path, FieldErrors& errors) {
  for (std::size_t i = 0; i < std::min(next.size(), previous.size()); ++i) {
    const auto &now = next[i].resources, &before = previous[i].resources;
    if (differ_beyond_cpu_and_memory(now.requests, before.requests) || differ_beyond_cpu_and_memory(now.limits, before.limits))
      errors.forbidden(path.index(i).child("resources"), "only cpu and memory resources are mutable");
  }
}

}  // namespace

void keep_all_but_ephemeral_containers(corev1::Pod& next, const corev1::Pod& previous) {
  corev1::Pod kept = as_before(next, previous);
  kept.spec.ephemeralContainers = std::move(next.spec.ephemeralContainers);
  next = std::move(kept);
}

void keep_all_but_resources(corev1::Pod& next, const corev1::Pod& previous) {
  corev1::Pod kept = as_before(next, previous);
  take_resources(next.spec.containers, kept.spec.containers);
  take_resources(next.spec.initContainers, kept.spec.initContainers);
  next = std::move(kept);
}

void check_ephemeral_containers_update(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors) {
  const FieldPath path("spec.ephemeralContainers");
  const auto& containers = next.spec.ephemeralContainers;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const auto& common = containers[i].ephemeralContainerCommon;
    check_required(common.name, path.index(i).child("name"), errors);
    check_required(common.image, path.index(i).child("image"), errors);
  }
  for (const corev1::EphemeralContainer& old : previous.spec.ephemeralContainers) {
    const std::string name = quoted(old.ephemeralContainerCommon.name);
    const auto same = std::find_if(containers.begin(), containers.end(),
                                   [&](const auto& each) { return each.ephemeralContainerCommon.name == old.ephemeralContainerCommon.name; });
    if (same == containers.end()) errors.forbidden(path, "existing ephemeral containers " + name + " may not be removed\n");
    else if (!(*same == old)) errors.forbidden(path, "existing ephemeral containers " + name + " may not be changed\n");
  }
}

void check_resize(const corev1::Pod& next, const corev1::Pod& previous, FieldErrors& errors) {
  const FieldPath path("spec");
  if (const auto qos = compute_qos(next.spec); qos != compute_qos(previous.spec))
    errors.invalid(path, quoted(qos), "Pod QOS Class may not change as a result of resizing");
  check_resized(next.spec.containers, previous.spec.containers, path.child("containers"), errors);
  check_resized(next.spec.initContainers, previous.spec.initContainers, path.child("initContainers"), errors);
}

}  // namespace plumb::resources
