#include "reference/scheduler/topology.h"

namespace plumb::scheduler {

Topologies::Use Topologies::use(std::string_view key) {
  if (const auto found = slots_.find(key); found != slots_.end()) {
    ++topologies_[found->second].uses;
    return {found->second, false};
  }
  TopologySlot slot = 0;
  while (slot < topologies_.size() && topologies_[slot].uses != 0) ++slot;
  if (slot == topologies_.size()) topologies_.emplace_back();
  Topology& made = topologies_[slot];
  made = {};
  made.key = key;
  made.uses = 1;
  made.nodes.push_back(0);
  made.values.emplace_back();
  slots_.emplace(key, slot);
  return {slot, true};
}

void Topologies::release(TopologySlot slot) {
  if (--topologies_[slot].uses == 0) slots_.erase(topologies_[slot].key);
}

void Topologies::start(TopologySlot slot, NodeDomains& domains, const api::Map<api::Str>& labels) {
  domains.resize(topologies_.size(), no_domain);
  domains[slot] = no_domain;
  join(topologies_[slot], domains[slot], labels.find(topologies_[slot].key));
}

void Topologies::set(NodeDomains& domains, const api::Map<api::Str>& labels) {
  domains.assign(topologies_.size(), no_domain);
  for (TopologySlot slot = 0; slot < topologies_.size(); ++slot)
    if (topologies_[slot].uses != 0) join(topologies_[slot], domains[slot], labels.find(topologies_[slot].key));
}

void Topologies::clear(NodeDomains& domains) {
  for (TopologySlot slot = 0; slot < domains.size(); ++slot)
    if (topologies_[slot].uses != 0) leave(topologies_[slot], domains[slot]);
  domains.clear();
}

void Topologies::join(Topology& topology, Domain& domain, const api::Str* value) {
  if (!value) return;
  const auto found = topology.domains.find(value->view());
  if (found != topology.domains.end()) {
    domain = found->second;
  } else if (!topology.free.empty()) {
    domain = topology.free.back();
    topology.free.pop_back();
    topology.values[domain] = *value;
    topology.domains.emplace(*value, domain);
  } else {
    domain = static_cast<Domain>(topology.nodes.size());
    topology.nodes.push_back(0);
    topology.values.push_back(value->str());
    topology.domains.emplace(*value, domain);
  }
  ++topology.nodes[domain];
}

void Topologies::leave(Topology& topology, Domain domain) {
  if (domain == no_domain || --topology.nodes[domain] != 0) return;
  topology.domains.erase(topology.values[domain]);
  topology.free.push_back(domain);
}

}  // namespace plumb::scheduler
