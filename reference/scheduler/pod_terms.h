// The terms of a pod's affinity and anti-affinity to other pods, ready to be matched.
// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/text/label_selector.h"
#include "reference/api/types/corev1.h"

namespace plumb::scheduler {

// Pods by namespace and labels. Without names and without a selector of namespaces a term means the namespace of the pod that has it.
struct PodMatcher {
  std::vector<api::Str> namespaces;  // sorted
  api::LabelSelector namespace_selector = api::LabelSelector::nothing();
  bool by_namespace_labels = false;  // there is a selector that needs the labels of namespaces
  api::LabelSelector selector;

  // `namespace_labels` are those of the pod's namespace, nullptr when it is not known.
  bool matches(const corev1::Pod& pod, const api::Map<api::Str>* namespace_labels) const;
  // The same for the same pods.
  std::string text() const;
};

struct PodTerm {
  PodMatcher pods;
  api::Str topology_key;
  std::int32_t weight = 0;  // of preferred terms
  std::string id;           // equal terms have equal ids
};

struct PodTerms {
  std::vector<PodTerm> required, preferred, anti_required, anti_preferred;
  // nullptr for a pod that has none.
  static std::unique_ptr<const PodTerms> of(const corev1::Pod& pod);
};

}  // namespace plumb::scheduler
