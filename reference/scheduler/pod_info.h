// What scheduling needs to know of a pod, worked out once: requests as integers, host ports, priority. A PodInfo never changes; a changed
// pod gets a new one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/api/types/corev1.h"
#include "reference/scheduler/pod_terms.h"

namespace plumb::scheduler {

// Amounts of resources: cpu in thousandths, memory and ephemeral storage in bytes, everything else (extended resources, huge pages) in
// whole units by name.
struct Resources {
  std::int64_t cpu = 0, memory = 0, ephemeral_storage = 0;
  std::vector<std::pair<api::Str, std::int64_t>> scalars;  // sorted by name

  // Of a name that is not there: 0.
  std::int64_t scalar(std::string_view name) const;
  Resources& operator+=(const Resources& other);
  Resources& operator-=(const Resources& other);
  // Each amount the larger of the two.
  void raise_to(const Resources& other);
  friend bool operator==(const Resources&, const Resources&) = default;
};

// Amounts that are no quantities count as 0. `pods` is left out.
Resources resources_of(const api::Map<api::QuantityText>& amounts);

struct HostPort {
  api::Str ip;        // "0.0.0.0" stands for every address
  api::Str protocol;  // TCP where the pod names none
  std::int32_t port = 0;
  // Whether one node cannot serve both.
  bool clashes_with(const HostPort& other) const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

struct PodInfo {
  explicit PodInfo(std::shared_ptr<const corev1::Pod> pod);
  // A newer state of `before`, with nothing that is worked out here changed.
  PodInfo(std::shared_ptr<const corev1::Pod> pod, const PodInfo& before) : PodInfo(before) { this->pod = std::move(pod); }

  std::shared_ptr<const corev1::Pod> pod;
  std::int32_t priority = 0;
  // What the pod needs at its peak: containers and sidecars together, or an init container with the sidecars started before it,
  // whichever is more; what is asked for the pod as a whole goes before that of its containers; the runtime's overhead comes on top.
  Resources requests;
  // The same where a container that asks for no cpu or memory counts as 0.1 cpu and 200 MiB, so that such pods spread too.
  std::int64_t scored_cpu = 0, scored_memory = 0;
  std::vector<HostPort> ports;
  std::shared_ptr<const PodTerms> terms;  // nullptr when the pod has no (anti-)affinity to pods

  std::string_view uid() const { return pod->metadata.uid; }
};
using PodInfoPtr = std::shared_ptr<const PodInfo>;

}  // namespace plumb::scheduler
