// The scheduler's picture of the nodes: what each offers and what the pods on it have taken, pods it has only decided about (assumed)
// included.
//
// One thread owns the table and changes it between scheduling cycles only, so the table is its own snapshot: a change costs what it
// changes, however many nodes there are, and nothing is copied for a cycle. Each change of a node gives it a generation no other has had.
//
// An assumed pod counts until it is forgotten, or until the informer shows it bound or gone. It does not expire, as by upstream's default:
// the answer to its binding and the informer always come.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/string_map.h"
#include "reference/scheduler/framework.h"
#include "reference/scheduler/node_images.h"
#include "reference/scheduler/nominations.h"
#include "reference/scheduler/pod_counts.h"
#include "reference/scheduler/pod_info.h"

namespace plumb::scheduler {

struct NodeInfo {
  // First what filters and scores read of every node.
  std::int64_t allocatable_pods = 0;
  Resources allocatable;
  Resources requested;
  std::int64_t scored_cpu = 0, scored_memory = 0;  // sums of PodInfo's
  // Of its pods; the highest there is when there are none.
  std::int32_t least_priority = std::numeric_limits<std::int32_t>::max();
  bool unschedulable = false;
  bool has_hard_taints = false;  // NoSchedule, NoExecute
  bool has_soft_taints = false;  // PreferNoSchedule
  std::vector<PodInfoPtr> pods;  // in no order
  std::vector<HostPort> ports;
  NodeDomains domains;  // of the topologies in use
  std::shared_ptr<const corev1::Node> node;  // nullptr while only pods of it are known
  std::uint64_t generation = 0;

  explicit NodeInfo(std::string_view name) : name_(name) {}
  const api::Str& name() const { return name_; }
  Domain domain(TopologySlot slot) const { return slot < domains.size() ? domains[slot] : no_domain; }
  void set_node(std::shared_ptr<const corev1::Node> to);
  void add_pod(const PodInfoPtr& pod);
  void remove_pod(const PodInfo& pod);
  // In place of one that takes the same room.
  void refresh_pod(const PodInfo& pod, const PodInfoPtr& by);

 private:
  api::Str name_;
};

class NodeTable {
 public:
  NodeTable() = default;
  NodeTable(const NodeTable&) = delete;
  NodeTable& operator=(const NodeTable&) = delete;

  // The nodes that exist; a node keeps its place until one is removed.
  const std::vector<NodeInfo*>& nodes() const { return nodes_; }
  // nullptr when the node does not exist.
  const NodeInfo* find(std::string_view name) const;

  // What the change may mean for pods that found no node.
  Change set_node(const std::shared_ptr<const corev1::Node>& node);
  Change remove_node(std::string_view name);

  // A pod that has a node, as the informer shows it: new, changed, or an assumed one confirmed, also on another node than assumed.
  Change set_pod(const std::shared_ptr<const corev1::Pod>& pod);
  Change remove_pod(std::string_view uid);

  // Counts the pod on the node until forget() or set_pod(). False when the pod is counted already.
  bool assume(const PodInfoPtr& pod, std::string_view node);
  // Only an assumed pod: false when the informer has confirmed it, or it is not known.
  bool forget(std::string_view uid);
  bool is_assumed(std::string_view uid) const;
  bool has_pod(std::string_view uid) const { return pods_.contains(uid); }
  const NodeImages& images() const { return images_; }
  Nominations nominations;
  // What plugins ask of all pods on nodes. Its counts are made when they are asked for, also while nothing may change.
  PodCounts& counts() const { return counts_; }

  // Of the last change of a node.
  std::uint64_t generation() const { return generation_; }

  std::size_t assumed() const { return assumed_; }
  std::size_t pods() const { return pods_.size(); }

 private:
  struct Row {
    std::unique_ptr<NodeInfo> info;
    std::size_t place = 0;  // in nodes_, when the node exists
  };
  struct Placed {
    PodInfoPtr pod;
    NodeInfo* node;
    bool assumed;
  };
  Row& row(std::string_view name);
  void drop_if_unused(std::string_view name);
  void change_images(const NodeInfo& node, const api::List<corev1::ContainerImage>& images);
  void refresh(Placed& known, const std::shared_ptr<const corev1::Pod>& pod);
  void place(Placed placed);
  Placed take(StringMap<Placed>::iterator at);

  std::vector<NodeInfo*> nodes_;
  StringMap<Row> rows_;
  StringMap<Placed> pods_;  // by UID
  std::size_t assumed_ = 0;
  std::uint64_t generation_ = 0;
  NodeImages images_;
  mutable PodCounts counts_{nodes_};
};

}  // namespace plumb::scheduler
