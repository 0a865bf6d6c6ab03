// What the server itself says about a new pod, beyond its phase and QoS class.
#pragma once

#include "reference/api/types/corev1.h"

namespace plumb::resources {

// A pod with scheduling gates is shown as held back from its first moment: PodScheduled is False for SchedulingGated.
void show_gates(corev1::Pod& pod);

// matchLabelKeys and mismatchLabelKeys of pod affinity terms and topology spread constraints become requirements of their selectors, with
// the values that the pod's labels have now: later changes of the labels do not count. A key that the pod has no label for is left out.
void merge_label_keys(corev1::Pod& pod);

}  // namespace plumb::resources
