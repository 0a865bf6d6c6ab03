// How many pods of a kind are in each domain of a topology, kept up to date with every pod and node that comes, changes or goes, so that a
// scheduling cycle need not look at all pods.
//
// Two kinds of counts:
//   terms   of the pods that are on nodes: each distinct term of their affinity and anti-affinity, with the number of pods that have it.
//           They live as long as such pods;
//   counts  of pods that a pod to be scheduled asks about. They are made at the first question and kept for the next replicas of the same
//           workload; those not asked for longest are dropped when there are too many (trim()).
// A cluster whose pods have neither pays for neither.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/string_map.h"
#include "reference/scheduler/label_index.h"
#include "reference/scheduler/pod_terms.h"
#include "reference/scheduler/topology.h"

namespace plumb::scheduler {

struct NodeInfo;
struct PodInfo;

enum class TermKind : std::uint8_t { required, preferred, anti_required, anti_preferred };

struct TermGroup {
  PodTerm term;
  TopologySlot slot = 0;
  std::size_t pods = 0;  // that have the term
  DomainCounts counts;   // the same by domain
};

struct CountQuery {
  // Of equal queries equal; it says all that follows.
  std::string id;
  std::vector<PodMatcher> pods;  // pods that all of these match
  bool leave_out_terminating = false;
  api::Str topology_key;
  // On nodes that have all these labels,
  std::vector<api::Str> node_keys;
  // and that this pod may run on, by its node selector and node affinity, or by its tolerations.
  std::shared_ptr<const corev1::Pod> of;
  bool honour_affinity = false, honour_taints = false;
};

class PodCount {
 public:
  TopologySlot slot() const { return slot_; }
  const DomainCounts& pods() const { return pods_; }
  // The nodes that count, whether or not they have such pods.
  const DomainCounts& nodes() const { return nodes_; }
  Domain domain_of(const NodeInfo& node) const;
  bool includes(const NodeInfo& node) const;
  bool includes(const corev1::Pod& pod, const api::Map<api::Str>* namespace_labels) const;

 private:
  friend class PodCounts;
  CountQuery query_;
  TopologySlot slot_ = 0;
  std::vector<TopologySlot> node_slots_;
  DomainCounts pods_, nodes_;
  std::uint64_t asked_ = 0;
};

class PodCounts {
 public:
  // `nodes` are those that exist.
  explicit PodCounts(const std::vector<NodeInfo*>& nodes) : nodes_(nodes) {}

  void add(const PodInfo& pod, const NodeInfo& node) { change(pod, node, 1); }
  void remove(const PodInfo& pod, const NodeInfo& node) { change(pod, node, -1); }
  // A node with its pods: after it has come to be among the nodes, or got other labels or taints; and before it gets others, or goes.
  void join(NodeInfo& node);
  void leave(NodeInfo& node);

  void set_namespace(std::string_view name, const api::Map<api::Str>& labels);
  void remove_namespace(std::string_view name);
  // nullptr when the namespace is not known.
  const api::Map<api::Str>* namespace_labels(std::string_view name) const;

  // Terms of pods on nodes that match the pod.
  bool has_terms(TermKind kind) const { return !groups(kind).index.empty(); }
  std::vector<const TermGroup*> terms_matching(TermKind kind, const corev1::Pod& pod) const;
  // nullptr when no pod has it.
  const TermGroup* find_term(TermKind kind, const std::string& id) const;

  // Valid until trim(), or until something changes.
  const PodCount* count(CountQuery query);
  // At most `most` counts, of at most `most_cells` domains together.
  void trim(std::size_t most = 1'000, std::size_t most_cells = 8'000'000);
  std::size_t counts() const { return counts_.size(); }

 private:
  struct Groups {
    StringMap<std::unique_ptr<TermGroup>> by_id;
    LabelIndex<TermGroup> index;
  };
  using Counts = StringMap<std::unique_ptr<PodCount>>;

  Groups& groups(TermKind kind) { return groups_[static_cast<std::size_t>(kind)]; }
  const Groups& groups(TermKind kind) const { return groups_[static_cast<std::size_t>(kind)]; }
  TopologySlot use(std::string_view key);
  void change(const PodInfo& pod, const NodeInfo& node, int by);
  void change_terms(TermKind kind, const std::vector<PodTerm>& terms, const NodeInfo& node, int by);
  void fill(PodCount& count);
  Counts::iterator drop(Counts::iterator at);
  void namespaces_changed();

  const std::vector<NodeInfo*>& nodes_;
  Topologies topologies_;
  std::array<Groups, 4> groups_;
  Counts counts_;  // by the query's id
  LabelIndex<PodCount> index_;
  StringMap<api::Map<api::Str>> namespaces_;
  std::uint64_t questions_ = 0;
  bool grown_ = false;
};

}  // namespace plumb::scheduler
