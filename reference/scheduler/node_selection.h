// Whether a node is one of those that a pod may run on, by the pod's own words: node selector and required node affinity.
#pragma once

#include "reference/api/types/corev1.h"

namespace plumb::scheduler {

// A term without requirements matches no node. Fields: metadata.name alone. Gt and Lt compare as integers; what is no integer does not match.
bool matches(const corev1::NodeSelectorTerm& term, const corev1::Node& node);
bool selects(const corev1::PodSpec& spec, const corev1::Node& node);

}  // namespace plumb::scheduler
