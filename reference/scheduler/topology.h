// Which domain of a topology a node is in, as small numbers, so that pods of a domain can be counted in an array.
//
// A topology is a label of nodes (topologyKey), a domain one value of it. A topology is known while somebody uses it. Numbers of domains
// and slots are given again once nobody has them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "reference/api/types/corev1.h"

namespace plumb::scheduler {

using TopologySlot = std::uint32_t;
using Domain = std::uint32_t;
inline constexpr Domain no_domain = 0;  // the node has no such label

// Of one node, by slot.
using NodeDomains = std::vector<Domain>;

class Topologies {
 public:
  struct Use {
    TopologySlot slot;
    bool is_new;  // start() is to be called for every node
  };
  Use use(std::string_view key);
  void release(TopologySlot slot);
  void start(TopologySlot slot, NodeDomains& domains, const api::Map<api::Str>& labels);

  // A node with these labels has come, in all topologies known; or gone.
  void set(NodeDomains& domains, const api::Map<api::Str>& labels);
  void clear(NodeDomains& domains);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class V>
  using Table = std::unordered_map<std::string, V, Hash, std::equal_to<>>;
  struct Topology {
    std::string key;
    std::size_t uses = 0;
    Table<Domain> domains;
    std::vector<std::size_t> nodes;   // by domain
    std::vector<std::string> values;  // by domain
    std::vector<Domain> free;
  };
  static void join(Topology& topology, Domain& domain, const api::Str* value);
  static void leave(Topology& topology, Domain domain);

  std::vector<Topology> topologies_;  // by slot; without uses: free
  Table<TopologySlot> slots_;
};

// Pods by domain. Pods on nodes without the label are not counted.
class DomainCounts {
 public:
  std::int32_t at(Domain domain) const { return domain < counts_.size() ? counts_[domain] : 0; }
  void add(Domain domain, std::int32_t count) {
    if (domain == no_domain) return;
    if (domain >= counts_.size()) counts_.resize(domain + 1);
    counts_[domain] += count;
    total_ += count;
  }
  std::int64_t total() const { return total_; }
  std::size_t size() const { return counts_.size(); }

 private:
  std::vector<std::int32_t> counts_;
  std::int64_t total_ = 0;
};

}  // namespace plumb::scheduler
