// Policies, pods and namespaces of the cluster in one family, and what follows from them for one node's table. No I/O. One thread at a time.
//
// What an event costs: a pod, the sets whose namespace and first exact label it has, and the sets without one; a policy, the isolated pods of
// this node that it selects; a namespace whose labels change, the sets that select namespaces, and its pods where one of them changes its mind.
// Only sets that a rule on this node refers to exist.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/base/string_map.h"
#include "reference/policy/rules.h"
#include "reference/policy/ruleset.h"

namespace plumb::policy {

class Model {
 public:
  Model(Family family, std::string node_name) : family_(family), node_name_(std::move(node_name)), rules_(family) {}

  // Keys are namespace/name; nullptr: it is gone.
  void set_pod(const std::string& key, PodPtr pod);
  void set_policy(const std::string& key, PolicyPtr policy);
  void set_namespace(const std::string& name, std::shared_ptr<const corev1::Namespace> object);
  // Of this node's pods.
  void set_ranges(std::vector<std::string> ranges) { ranges_ = std::move(ranges); }
  // Brings the rules up to what has been set.
  void decide();

  Ruleset& rules() { return rules_; }
  std::size_t policy_count() const { return policies_.size(); }
  std::size_t isolated_count(Direction direction) const { return isolated_[static_cast<std::size_t>(direction)].size(); }

 private:
  struct Policy {
    PolicyPtr object;
    api::LabelSelector pods;
  };
  struct Members {  // of a set
    PeerSet set;
    std::string name, bucket;
    int uses = 0;  // by chains
  };
  struct SharedChain {
    std::string name;
    std::vector<std::string> sets;  // keys
    int uses = 0;
  };
  struct Applied {  // of a pod, in one direction
    std::string chain;  // key in chains_; "" where nothing is dropped
    bool waits = false;
  };
  struct Local {
    std::vector<std::string> addresses;
    std::array<Applied, 2> applied;
  };

  bool is_local(const corev1::Pod& pod) const { return is_on_pod_network(pod) && pod.spec.nodeName == node_name_; }
  bool selects(const PeerSet& set, const std::string& namespace_) const;
  void count_pod(const corev1::Pod& pod, int change);
  void count_in(const Members& members, const corev1::Pod& pod, int change);
  template <class Do>
  void each_pod_of(const std::string& namespace_, Do act) const;
  void mark_selected(const std::string& namespace_, const api::LabelSelector& selector);
  std::vector<PolicyPtr> policies_of(const corev1::Pod& pod) const;

  std::string name_of(const PeerSet& set);
  void use_set(const std::string& key);
  void release_set(const std::string& key);
  std::string use_chain(Direction direction, const Decision& decision);
  void release_chain(const std::string& key);
  void decide_pod(const std::string& key);
  void lead(Direction direction, const std::string& address, const std::string& pod, const std::string& chain);

  const Family family_;
  const std::string node_name_;
  Ruleset rules_;
  std::vector<std::string> ranges_;
  std::map<std::string, PodPtr, std::less<>> pods_;
  std::map<std::string, Policy, std::less<>> policies_;
  std::map<std::string, std::shared_ptr<const corev1::Namespace>, std::less<>> namespaces_;
  std::map<std::string, Local, std::less<>> local_;
  std::set<std::string, std::less<>> undecided_;  // keys of pods of this node
  std::map<std::string, Members> sets_;           // by PeerSet::key()
  StringMap<std::set<Members*>> buckets_;
  std::set<Members*> selecting_namespaces_;
  std::map<std::string, SharedChain> chains_;  // by direction and rules
  std::map<std::string, std::string, std::less<>> key_of_set_;  // by name
  std::vector<std::string> named_;                              // keys of sets that decisions have made; no chain may have taken them
  std::array<std::map<std::string, std::string>, 2> holders_;  // which pod an address is led for
  std::array<std::set<std::string>, 2> isolated_, waiting_;    // keys of pods
  std::size_t next_set_ = 1, next_chain_ = 1;
};

}  // namespace plumb::policy
