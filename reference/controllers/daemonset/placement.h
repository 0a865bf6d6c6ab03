// Where pods of a DaemonSet belong, and how they are tied to their nodes. Facts from upstream's pkg/controller/daemon.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "reference/api/types/appsv1.h"

namespace plumb::controllers::daemonset {

struct Verdict {
  bool run = false;   // a pod belongs on the node
  bool stay = false;  // one that is there may stay
};

// The tests of one DaemonSet on nodes: its template's node name, node selector, required node affinity, and tolerations with those that every
// daemon pod has. A node with a taint NoSchedule that is not tolerated keeps the pod it has.
class Placement {
 public:
  explicit Placement(const appsv1::DaemonSet& set);
  Verdict on(const corev1::Node& node) const;

 private:
  corev1::PodSpec spec_;
};

// Daemon pods put up with nodes that are not ready, unreachable, unschedulable or short of something: they are there to help.
void add_tolerations(corev1::PodSpec& spec);

// The pod of the template without a node, labelled with the revision's hash and the template's generation.
std::shared_ptr<corev1::Pod> pod_for_any_node(const appsv1::DaemonSet& set, std::string_view hash);
// Required node affinity to that node alone, so that the scheduler binds the pod there and nowhere else.
void tie_to_node(corev1::PodSpec& spec, std::string_view node);

// The annotation deprecated.daemonset.template.generation; nullopt where it holds no number.
std::optional<std::int64_t> template_generation(const appsv1::DaemonSet& set);
// Made of the current template: by the hash or, as before there were hashes, by the template's generation.
bool is_updated(const corev1::Pod& pod, std::string_view hash, std::optional<std::int64_t> generation);

}  // namespace plumb::controllers::daemonset
