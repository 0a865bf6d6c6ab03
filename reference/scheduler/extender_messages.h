// The bodies of k8s.io/kube-scheduler/extender/v1, as JSON. Names of members are written as Go's fields are; read, as Go does, whatever their
// case is. Unknown members are skipped.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/types/corev1.h"
#include "reference/scheduler/framework.h"

namespace plumb::scheduler {

using NodesAsked = std::span<const std::shared_ptr<const corev1::Node>>;

// ExtenderArgs: the nodes as a whole, or their names for an extender that knows them.
std::string extender_args(const corev1::Pod& pod, NodesAsked nodes, bool names_only);
// ExtenderPreemptionArgs: the victims as a whole, or their UIDs.
std::string extender_preemption_args(const corev1::Pod& pod, std::span<const Room> rooms, bool uids_only);
// ExtenderBindingArgs.
std::string extender_binding_args(const corev1::Pod& pod, std::string_view node);

struct ExtenderFilterResult {
  std::vector<std::string> nodes;  // that may take the pod
  std::map<std::string, std::string> failed, failed_and_unresolvable;  // reasons by node
};
// Its NodeNames count where names were sent, otherwise, or without them, its Nodes.
Result<ExtenderFilterResult> read_filter_result(std::string_view json, bool names_sent);

using HostPriorities = std::vector<std::pair<std::string, std::int64_t>>;
Result<HostPriorities> read_host_priorities(std::string_view json);

struct MetaVictimsOfNode {
  std::vector<std::string> uids;
  std::int64_t budgets_violated = 0;
};
using MetaVictims = std::map<std::string, MetaVictimsOfNode>;  // by node
Result<MetaVictims> read_preemption_result(std::string_view json);

Status read_binding_result(std::string_view json);

}  // namespace plumb::scheduler
