#include "reference/proxy/rules.h"

#include <algorithm>
#include <functional>
#include <set>
#include <unordered_set>

namespace plumb::proxy {
namespace {

constexpr std::size_t longest_name = 120;  // nft's limit of a chain's name is 128

std::string ip_word(Family family) { return family == Family::ipv4 ? "ip" : "ip6"; }

struct TargetHash {
  std::size_t operator()(const Target& target) const {
    return std::hash<std::uint64_t>()(static_cast<std::uint64_t>(target.ip.number) ^ static_cast<std::uint64_t>(target.ip.number >> 64) ^ static_cast<std::uint64_t>(target.port) << 40);
  }
};

Target target_of(const Endpoint& endpoint) { return {endpoint.ip, endpoint.port}; }

// Who stays keeps the slot; holes are filled by those who come, then by the last ones.
std::vector<Target> assign_slots(const std::vector<Target>& before, const std::vector<const Endpoint*>& wanted, std::size_t most) {
  std::unordered_set<Target, TargetHash> missing;
  const std::size_t count = std::min(wanted.size(), most);
  for (std::size_t i = 0; i < count; ++i) missing.insert(target_of(*wanted[i]));
  std::vector<std::optional<Target>> slots(std::max(before.size(), count));
  for (std::size_t i = 0; i < before.size(); ++i)
    if (missing.erase(before[i])) slots[i] = before[i];
  auto hole = slots.begin();
  for (std::size_t i = 0; i < count; ++i) {
    const Target target = target_of(*wanted[i]);
    if (!missing.erase(target)) continue;
    while (*hole) ++hole;
    *hole = target;
  }
  std::vector<Target> result;
  result.reserve(count);
  for (std::size_t i = 0, last = slots.size(); result.size() < count; ++i) {
    while (!slots[i] && !slots[last - 1]) --last;
    result.push_back(slots[i] ? *slots[i] : *slots[--last]);
  }
  return result;
}

// Of Kubernetes' names and addresses; a name that is too long for nft ends in a hash of the whole.
std::string own_name(std::string_view kind, std::string_view base) {
  std::string name(kind);
  name.append("-").append(base);
  if (name.size() <= longest_name) return name;
  char hash[20];
  std::snprintf(hash, sizeof hash, "-%016zx", std::hash<std::string_view>()(name));
  name.resize(longest_name - 17);
  return name.append(hash);
}

std::string goto_chain(std::string_view chain) { return std::string("goto ").append(chain); }

class Decider {
 public:
  Decider(const NodeRules& node, const ServicePort& port, const std::vector<Endpoint>& endpoints, const Part& before)
      : node_(node), port_(port), before_(before), ip_(ip_word(node.family)), choice_(choose_endpoints(port, endpoints, node.node_name, node.zone)) {
    base_ = port.namespace_ + "/" + port.service + "/" + std::string(text_of(port.protocol)) + "/" + port.name;
  }

  Decision run() {
    if (port_.affinity_seconds > 0)
      make_affinity_chains();
    else
      make_slots();
    if (port_.cluster_ip) internal(*port_.cluster_ip);
    external();
    firewall();
    hairpin();
    Part& part = decision_.part;
    std::sort(part.elements.begin(), part.elements.end());
    std::sort(part.prefixes.begin(), part.prefixes.end());
    std::sort(part.affinity.begin(), part.affinity.end());
    std::sort(part.chains.begin(), part.chains.end(), [](const Chain& a, const Chain& b) { return a.name < b.name; });
    part.chains.erase(std::unique(part.chains.begin(), part.chains.end(), [](const Chain& a, const Chain& b) { return a.name == b.name; }), part.chains.end());
    return std::move(decision_);
  }

 private:
  std::string at(const api::Ip& ip) const { return ip.text() + " . " + at_node_port(port_.port); }
  std::string at_node_port(int number) const { return std::string(text_of(port_.protocol)) + " . " + std::to_string(number); }
  std::string slot_place(const api::Ip& ip) const { return ip.text() + " . " + std::to_string(port_.port); }
  void add(Container in, std::string key, std::string value = {}) { decision_.part.elements.push_back({in, std::move(key), std::move(value)}); }
  std::string chain(std::string name, std::vector<std::string> rules) {
    decision_.part.chains.push_back({name, std::move(rules)});
    return name;
  }

  void make_slots() {
    decision_.part.cluster = assign_slots(before_.cluster, choice_.cluster, first_local_slot);
    decision_.part.local = assign_slots(before_.local, choice_.local, first_local_slot);
  }

  // The chain that sends a connection on to an endpoint. "" where there is none.
  std::string target_chain(bool local, bool by_node_port) {
    if (port_.affinity_seconds > 0) return local ? local_chain_ : cluster_chain_;
    const std::size_t count = (local ? decision_.part.local : decision_.part.cluster).size();
    if (count == 0) return {};
    const std::string protocol(text_of(port_.protocol)), port = protocol + " dport";
    const std::string key = by_node_port ? port : ip_ + " daddr . " + port;
    const std::string number = "numgen random mod " + std::to_string(count) + (local ? " offset " + std::to_string(first_local_slot) : "");
    return chain((by_node_port ? "nodeport-to-" : "to-") + protocol + (local ? "-local-" : "-") + std::to_string(count),
                 {"meta l4proto " + protocol + " dnat " + ip_ + " to " + key + " . " + number + " map @" + std::string(name_of(slots_of(by_node_port)))});
  }
  // The map of this protocol's endpoints.
  Container slots_of(bool by_node_port) const {
    const Container first = by_node_port ? Container::nodeport_endpoints_tcp : Container::endpoints_tcp;
    return static_cast<Container>(static_cast<int>(first) + static_cast<int>(port_.protocol));
  }
  // `place`: an address and port, or a node port.
  void keep_slots(bool by_node_port, const std::string& place, bool cluster, bool local) {
    if (port_.affinity_seconds > 0) return;
    if (cluster && !decision_.part.cluster.empty()) decision_.part.prefixes.push_back({slots_of(by_node_port), place, false});
    if (local && !decision_.part.local.empty()) decision_.part.prefixes.push_back({slots_of(by_node_port), place, true});
  }

  void internal(const api::Ip& ip) {
    add(Container::cluster_ips, ip.text());
    const bool local = port_.internal_local;
    const std::string target = target_chain(local, false);
    if (target.empty()) {
      decision_.no_local_internal = choice_.any;
      return add(Container::no_endpoint_services, at(ip), choice_.any ? "drop" : "goto reject-chain");
    }
    std::vector<std::string> rules;
    if (node_.masquerade_all)
      rules.push_back("jump mark-for-masquerade");
    else if (const std::string other = traffic(false); !other.empty())
      rules.push_back(other + " jump mark-for-masquerade");
    rules.push_back(goto_chain(target));
    add(Container::service_ips, at(ip), goto_chain(chain(entry_name("internal", target), std::move(rules))));
    keep_slots(false, slot_place(ip), !local, local);
  }

  void external() {
    if (!port_.externally_accessible()) return;
    std::vector<api::Ip> done;
    if (port_.cluster_ip) done.push_back(*port_.cluster_ip);
    for (const auto* addresses : {&port_.external_ips, &port_.load_balancer_ips}) {
      for (const api::Ip& ip : *addresses) {
        if (std::find(done.begin(), done.end(), ip) != done.end()) continue;
        done.push_back(ip);
        external_at(false, at(ip), slot_place(ip));
      }
    }
    if (port_.node_port != 0) external_at(true, at_node_port(port_.node_port), std::to_string(port_.node_port));
  }

  void external_at(bool by_node_port, const std::string& key, const std::string& slot_place) {
    const bool reachable = port_.external_local ? !choice_.local.empty() : !choice_.cluster.empty();
    if (!reachable) add(by_node_port ? Container::no_endpoint_nodeports : Container::no_endpoint_services, key, choice_.any ? "drop" : "goto reject-chain");
    decision_.no_local_external |= !reachable && choice_.any;
    if (!choice_.any) return;
    add(by_node_port ? Container::service_nodeports : Container::service_ips, key, goto_chain(port_.external_local ? local_entry(by_node_port) : cluster_entry(by_node_port)));
    keep_slots(by_node_port, slot_place, true, port_.external_local);
  }

  std::string cluster_entry(bool by_node_port) {
    const std::string target = target_chain(false, by_node_port);
    return chain(entry_name("external", target), {"jump mark-for-masquerade", goto_chain(target)});
  }
  // Clients keep their address, since the endpoints are on this node. What comes from this node and its pods is as if it had gone out to a
  // load balancer and come back by another node.
  std::string local_entry(bool by_node_port) {
    const std::string all = target_chain(false, by_node_port), local = target_chain(true, by_node_port);
    std::vector<std::string> rules;
    if (!all.empty()) {
      if (const std::string own = traffic(true); !own.empty()) rules.push_back(own + " " + goto_chain(all));
      rules.push_back("fib saddr type local jump mark-for-masquerade");
      rules.push_back("fib saddr type local " + goto_chain(all));
    }
    if (!local.empty()) rules.push_back(goto_chain(local));
    return chain(entry_name("external-local", (local.empty() ? "none" : local) + "-or-" + all), std::move(rules));
  }
  std::string entry_name(std::string_view kind, const std::string& target) const { return own_name(kind, target); }

  // Matches what comes from this node's pods, or what does not. "" where that is not told apart.
  std::string traffic(bool own) const {
    const LocalTraffic& local = node_.local;
    const std::string_view is = own ? " " : " != ";
    switch (local.mode) {
      case LocalTraffic::Mode::none: return {};
      case LocalTraffic::Mode::bridge: return std::string("iifname").append(is).append("\"" + local.interface + "\"");
      case LocalTraffic::Mode::interface_prefix: return std::string("iifname").append(is).append("\"" + local.interface + "*\"");
      case LocalTraffic::Mode::cidr: break;
    }
    std::string ranges;
    for (const api::IpRange& range : local.ranges)
      if (is_of(range.network, node_.family)) ranges += (ranges.empty() ? "" : ", ") + range.text();
    return ranges.empty() ? "" : (ip_ + " saddr").append(is).append("{ " + ranges + " }");
  }

  void firewall() {
    if (port_.load_balancer_ips.empty() || port_.load_balancer_source_ranges.empty()) return;
    std::vector<api::IpRange> sources = port_.load_balancer_source_ranges;
    // Where the node may, it may under the balancer's address, too: what it sends there itself comes from that address.
    const bool node_may = std::any_of(node_.node_ips.begin(), node_.node_ips.end(), [&](const api::Ip& ip) {
      return std::any_of(sources.begin(), sources.end(), [&](const api::IpRange& range) { return range.contains(ip); });
    });
    if (node_may)
      for (const api::Ip& ip : port_.load_balancer_ips) sources.push_back({ip, node_.family == Family::ipv4 ? 32 : 128});
    std::string list;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      // nft refuses ranges that overlap.
      const bool covered = std::any_of(sources.begin(), sources.end(), [&, i](const api::IpRange& other) {
        const bool first = &other - sources.data() < static_cast<std::ptrdiff_t>(i);
        return &other != &sources[i] && other.contains(sources[i].network) && (other.bits < sources[i].bits || (other.bits == sources[i].bits && first));
      });
      if (!covered) list += (list.empty() ? "" : ", ") + sources[i].text();
    }
    const std::string name = chain(own_name("firewall", base_), {ip_ + " saddr != { " + list + " } drop"});
    for (const api::Ip& ip : port_.load_balancer_ips) add(Container::firewall_ips, at(ip), goto_chain(name));
  }

  // An endpoint of this node may be sent to itself: then the answer has to come back this way.
  void hairpin() {
    std::set<std::string> own;
    for (const auto* endpoints : {&choice_.cluster, &choice_.local})
      for (const Endpoint* one : *endpoints)
        if (one->local) own.insert(one->ip.text());
    for (const std::string& ip : own) add(Container::hairpin_endpoints, ip + " . " + ip);
  }

  void make_affinity_chains() {
    cluster_chain_ = affinity_target("service", choice_.cluster);
    local_chain_ = affinity_target("local", choice_.local);
    std::sort(decision_.part.affinity.begin(), decision_.part.affinity.end());
    auto& sets = decision_.part.affinity;
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
  }
  std::string affinity_target(std::string_view kind, const std::vector<const Endpoint*>& endpoints) {
    if (endpoints.empty()) return {};
    std::vector<std::string> rules;
    std::string numbered;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      std::string ip = endpoints[i]->ip.text();
      const std::string at = (node_.family == Family::ipv4 ? ip : "[" + ip + "]") + ":" + std::to_string(endpoints[i]->port);
      std::replace(ip.begin(), ip.end(), ':', '.');
      const std::string base = base_ + "__" + ip + "/" + std::to_string(endpoints[i]->port);
      const std::string set = own_name("affinity", base);
      decision_.part.affinity.push_back({set, port_.affinity_seconds});
      const std::string to = chain(own_name("endpoint", base), {"update @" + set + " { " + ip_ + " saddr }", "meta l4proto " + std::string(text_of(port_.protocol)) + " dnat " + ip_ + " to " + at});
      rules.push_back(ip_ + " saddr @" + set + " " + goto_chain(to));
      numbered += (i == 0 ? "" : ", ") + std::to_string(i) + " : " + goto_chain(to);
    }
    rules.push_back("numgen random mod " + std::to_string(endpoints.size()) + " vmap { " + numbered + " }");
    return chain(own_name(kind, base_), std::move(rules));
  }

  const NodeRules& node_;
  const ServicePort& port_;
  const Part& before_;
  const std::string ip_;
  const EndpointChoice choice_;
  std::string base_, cluster_chain_, local_chain_;
  Decision decision_;
};

}  // namespace

Decision decide(const NodeRules& node, const ServicePort& port, const std::vector<Endpoint>& endpoints, const Part& before) {
  return Decider(node, port, endpoints, before).run();
}

}  // namespace plumb::proxy
