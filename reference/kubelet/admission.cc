#include "reference/kubelet/admission.h"

#include <algorithm>
#include <map>

#include "reference/kubelet/node_agent.h"
#include "reference/kubelet/pod_cgroups.h"

namespace plumb::kubelet {
namespace {

struct Requests {
  std::int64_t milli_cpu = 0, memory = 0, storage = 0;
};

// Of a pod: the sum of what runs together, or what one init container needs beside the sidecars before it, whichever is more.
Requests requests_of(const corev1::Pod& pod) {
  const auto of = [](const corev1::Container& container) {
    const auto& map = container.resources.requests;
    return Requests{milli_cpu(map), bytes_of(map), bytes_of(map, "ephemeral-storage")};
  };
  const auto plus = [](Requests a, const Requests& b) { return Requests{a.milli_cpu + b.milli_cpu, a.memory + b.memory, a.storage + b.storage}; };
  Requests sidecars, highest, sum;
  for (const auto& container : pod.spec.initContainers) {
    const Requests together = plus(sidecars, of(container));
    highest = {std::max(highest.milli_cpu, together.milli_cpu), std::max(highest.memory, together.memory), std::max(highest.storage, together.storage)};
    if (container.restartPolicy.value_or("") == "Always") sidecars = together;
  }
  sum = sidecars;
  for (const auto& container : pod.spec.containers) sum = plus(sum, of(container));
  return {std::max(sum.milli_cpu, highest.milli_cpu), std::max(sum.memory, highest.memory), std::max(sum.storage, highest.storage)};
}

// By name. Init containers run one after the other, as in requests_of(); restartable ones are counted as they stay.
std::map<std::string, std::int64_t> extended_requests_of(const corev1::Pod& pod) {
  std::map<std::string, std::int64_t> sidecars, highest, sum;
  const auto add = [](std::map<std::string, std::int64_t>& to, const corev1::Container& container) {
    for (const auto& entry : container.resources.requests)
      if (is_extended_resource(entry.key)) to[entry.key.str()] += bytes_of(container.resources.requests, entry.key);
  };
  const auto raise = [&](const std::map<std::string, std::int64_t>& to) {
    for (const auto& [name, count] : to) highest[name] = std::max(highest[name], count);
  };
  for (const auto& container : pod.spec.initContainers) {
    auto together = sidecars;
    add(together, container);
    raise(together);
    if (container.restartPolicy.value_or("") == "Always") sidecars = std::move(together);
  }
  sum = sidecars;
  for (const auto& container : pod.spec.containers) add(sum, container);
  raise(sum);
  return highest;
}

Status check(const char* resource, std::int64_t requested, std::int64_t used, std::int64_t capacity) {
  if (requested == 0 || used + requested <= capacity) return {};
  return fail(Code::resource_exhausted,
              std::string("Node didn't have enough resource: ") + resource + ", requested: " + std::to_string(requested) + ", used: " + std::to_string(used) +
                  ", capacity: " + std::to_string(capacity),
              std::string("OutOf") + resource);
}

}  // namespace

Status admit_to_node(const corev1::Pod& pod, const std::vector<PodPtr>& others, const NodeRoom& room, const api::Map<api::Str>& node_labels,
                     const corev1::Node* node) {
  const auto& labels = node ? node->metadata.labels : node_labels;
  for (const auto& wanted : pod.spec.nodeSelector)
    if (const auto* label = labels.find(wanted.key); !label || *label != wanted.value)
      return fail(Code::invalid_argument, "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector", "NodeAffinity");
  Requests used;
  for (const auto& other : others) {
    const Requests item = requests_of(*other);
    used = {used.milli_cpu + item.milli_cpu, used.memory + item.memory, used.storage + item.storage};
  }
  PLUMB_TRY(check("pods", 1, static_cast<std::int64_t>(others.size()), room.pods));
  const Requests own = requests_of(pod);
  PLUMB_TRY(check("cpu", own.milli_cpu, used.milli_cpu, room.milli_cpu));
  PLUMB_TRY(check("memory", own.memory, used.memory, room.memory_bytes));
  PLUMB_TRY(check("ephemeral-storage", own.storage, used.storage, room.storage_bytes));
  std::map<std::string, std::int64_t> taken;
  for (const auto& other : others)
    for (const auto& [name, count] : extended_requests_of(*other)) taken[name] += count;
  for (const auto& [name, count] : extended_requests_of(pod))
    PLUMB_TRY(check(name.c_str(), count, taken[name], node ? bytes_of(node->status.allocatable, name) : 0));
  return {};
}

}  // namespace plumb::kubelet
