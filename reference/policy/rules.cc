#include "reference/policy/rules.h"

#include <algorithm>
#include <map>
#include <set>

#include "reference/api/text/ip.h"
#include "reference/resources/shared/label_selector.h"

namespace plumb::policy {
namespace {

constexpr int last_port = 65535;

using Peers = api::List<networkingv1::NetworkPolicyPeer>;
using Ports = api::List<networkingv1::NetworkPolicyPort>;

std::string protocol_of(const networkingv1::NetworkPolicyPort& port) { return port.protocol ? port.protocol->str() : "TCP"; }
std::string nft_protocol(std::string_view protocol) { return protocol == "UDP" ? "udp" : "tcp"; }
bool is_enforced(std::string_view protocol) { return protocol == "TCP" || protocol == "UDP"; }

struct NamedPort {
  std::string protocol, name;
  friend auto operator<=>(const NamedPort&, const NamedPort&) = default;
};

// A rule's ports, as what a packet is compared with.
struct PortMatches {
  bool all = false;                  // no ports are named: every protocol, ICMP too
  std::vector<std::string> matches;  // numbers and whole protocols
  std::vector<NamedPort> named;      // to be looked up with the destination's address
};

struct Interval {
  int first, last;
};

// Ranges that overlap become one: nft refuses them otherwise.
std::string text_of(std::vector<Interval> intervals) {
  std::sort(intervals.begin(), intervals.end(), [](const Interval& a, const Interval& b) { return a.first < b.first; });
  std::vector<Interval> merged;
  for (const Interval& one : intervals) {
    if (!merged.empty() && one.first <= merged.back().last + 1) merged.back().last = std::max(merged.back().last, one.last);
    else merged.push_back(one);
  }
  std::string text;
  for (const Interval& one : merged) {
    text += text.empty() ? "{ " : ", ";
    text += std::to_string(one.first) + (one.last > one.first ? "-" + std::to_string(one.last) : "");
  }
  return text + " }";
}

// `own`: the pod whose ports names stand for; nullptr: those of the destination, whoever it is.
PortMatches port_matches(const Ports& ports, const corev1::Pod* own) {
  PortMatches found;
  found.all = ports.empty();
  std::map<std::string, std::vector<Interval>> numbers;
  std::set<NamedPort> named;
  for (const auto& port : ports) {
    const std::string protocol = protocol_of(port);
    if (!is_enforced(protocol)) continue;
    auto& intervals = numbers[protocol];
    if (!port.port) {
      intervals.push_back({0, last_port});
    } else if (!port.port.is_string()) {
      intervals.push_back({port.port.number, port.endPort ? std::max(*port.endPort, port.port.number) : port.port.number});
    } else if (own) {
      for (const int number : named_ports(*own, protocol, port.port.text)) intervals.push_back({number, number});
    } else {
      named.insert({protocol, port.port.text.str()});
    }
  }
  for (const auto& [protocol, intervals] : numbers)
    if (!intervals.empty()) found.matches.push_back(nft_protocol(protocol) + " dport " + text_of(intervals));
  found.named.assign(named.begin(), named.end());
  return found;
}

class Writer {
 public:
  Writer(const corev1::Pod& pod, Direction direction, Family family, const NameOf& name_of)
      : pod_(pod), direction_(direction), family_(family), name_of_(name_of), ip_(family == Family::ipv4 ? "ip" : "ip6") {}

  void rule(const Peers& peers, const Ports& ports) {
    const PortMatches allowed = port_matches(ports, direction_ == Direction::ingress ? &pod_ : nullptr);
    if (peers.empty()) return everyone(allowed);
    for (const auto& peer : peers) {
      if (peer.ipBlock) block(*peer.ipBlock, allowed);
      else if (peer.podSelector || peer.namespaceSelector) pods(peer, allowed);
    }
  }
  Decision take() { return std::move(decision_); }
  void isolated() { decision_.isolated = true; }

 private:
  const char* address() const { return direction_ == Direction::ingress ? " saddr " : " daddr "; }

  void add(const std::string& peer, const std::string& port) {
    const std::string match = peer + (peer.empty() || port.empty() ? "" : " ") + port;
    if (match.empty()) decision_.open = true;
    const std::string rule = match + (match.empty() ? "return" : " return");
    if (std::find(decision_.rules.begin(), decision_.rules.end(), rule) == decision_.rules.end()) decision_.rules.push_back(rule);
  }
  void add_ports(const std::string& peer, const PortMatches& allowed) {
    if (allowed.all) return add(peer, "");
    for (const std::string& match : allowed.matches) add(peer, match);
  }
  std::string use(const PeerSet& set) {
    std::string name = name_of_(set);
    if (std::find(decision_.sets.begin(), decision_.sets.end(), name) == decision_.sets.end()) decision_.sets.push_back(name);
    return "@" + name;
  }
  std::string with_port(PeerSet set, const NamedPort& port) {
    set.protocol = port.protocol;
    set.port = port.name;
    return ip_ + address() + ". " + nft_protocol(port.protocol) + " dport " + use(set);
  }

  void everyone(const PortMatches& allowed) {
    add_ports("", allowed);
    for (const NamedPort& port : allowed.named) add(with_port({}, port), "");
  }
  void block(const networkingv1::IPBlock& block, const PortMatches& allowed) {
    const auto range = api::IpRange::parse(block.cidr);
    if (!range || range->network.v6 != (family_ == Family::ipv6)) return;
    std::string match = ip_ + address() + range->text();
    for (const auto& text : block.except) {
      const auto except = api::IpRange::parse(text);
      if (except && except->network.v6 == range->network.v6) match += " " + ip_ + address() + "!= " + except->text();
    }
    add_ports(match, allowed);
    for (const NamedPort& port : allowed.named) add(match, with_port({}, port));
  }
  void pods(const networkingv1::NetworkPolicyPeer& peer, const PortMatches& allowed) {
    PeerSet set;
    if (peer.podSelector) set.pods = resources::to_selector(peer.podSelector);
    if (peer.namespaceSelector) set.namespaces = resources::to_selector(peer.namespaceSelector);
    else set.namespace_ = pod_.metadata.namespace_.str();
    if (allowed.all || !allowed.matches.empty()) add_ports(ip_ + address() + use(set), allowed);
    for (const NamedPort& port : allowed.named) add(with_port(set, port), "");
  }

  const corev1::Pod& pod_;
  const Direction direction_;
  const Family family_;
  const NameOf& name_of_;
  const std::string ip_;
  Decision decision_;
};

bool has_ended(const corev1::Pod& pod) { return pod.status.phase == "Succeeded" || pod.status.phase == "Failed"; }

}  // namespace

std::string PeerSet::key() const {
  // No text of a selector has a line break; one that matches nothing has no text of its own, but matches no labels either.
  const auto text = [](const api::LabelSelector& selector) { return selector.to_string() + (selector.requirements().empty() && !selector.everything() ? "!" : ""); };
  return namespace_ + "\n" + (namespace_.empty() ? text(namespaces) : "") + "\n" + text(pods) + "\n" + protocol + "\n" + port;
}

bool is_on_pod_network(const corev1::Pod& pod) { return !pod.spec.hostNetwork && !has_ended(pod); }

std::vector<std::string> addresses(const corev1::Pod& pod, Family family) {
  std::vector<std::string> found;
  if (!is_on_pod_network(pod)) return found;
  const auto add = [&](const api::Str& text) {
    const auto ip = api::Ip::parse(text);
    if (!ip || !proxy::is_of(*ip, family)) return;
    if (std::string canonical = ip->text(); std::find(found.begin(), found.end(), canonical) == found.end()) found.push_back(std::move(canonical));
  };
  add(pod.status.podIP);
  for (const corev1::PodIP& one : pod.status.podIPs) add(one.ip);
  return found;
}

std::vector<int> named_ports(const corev1::Pod& pod, std::string_view protocol, std::string_view name) {
  std::vector<int> numbers;
  const auto look = [&](const corev1::Container& container) {
    for (const corev1::ContainerPort& port : container.ports)
      if (port.name == name && (port.protocol == protocol || (port.protocol.empty() && protocol == "TCP"))) numbers.push_back(port.containerPort);
  };
  for (const corev1::Container& container : pod.spec.containers) look(container);
  for (const corev1::Container& container : pod.spec.initContainers)
    if (container.restartPolicy && *container.restartPolicy == "Always") look(container);
  return numbers;
}

std::vector<std::string> elements(const PeerSet& set, const corev1::Pod& pod, Family family) {
  std::vector<std::string> found = addresses(pod, family);
  if (found.empty() || !resources::matches(set.pods, pod.metadata.labels)) return {};
  if (set.port.empty()) return found;
  std::vector<std::string> with_ports;
  for (const std::string& address : found)
    for (const int number : named_ports(pod, set.protocol, set.port)) with_ports.push_back(address + " . " + std::to_string(number));
  return with_ports;
}

bool is_about(const networkingv1::NetworkPolicy& policy, Direction direction) {
  const auto& types = policy.spec.policyTypes;
  if (types.empty()) return direction == Direction::ingress || !policy.spec.egress.empty();
  return std::any_of(types.begin(), types.end(), [&](const api::Str& type) { return type == (direction == Direction::ingress ? "Ingress" : "Egress"); });
}

std::string left_out(const networkingv1::NetworkPolicy& policy) {
  const auto has = [](const auto& rules) {
    return std::any_of(rules.begin(), rules.end(), [](const auto& rule) {
      return std::any_of(rule.ports.begin(), rule.ports.end(), [](const auto& port) { return !is_enforced(protocol_of(port)); });
    });
  };
  return has(policy.spec.ingress) || has(policy.spec.egress) ? "ports of SCTP are ignored: they allow nothing" : "";
}

Decision decide(const corev1::Pod& pod, const std::vector<PolicyPtr>& policies, Direction direction, Family family, const NameOf& name_of) {
  Writer writer(pod, direction, family, name_of);
  for (const PolicyPtr& policy : policies) {
    if (!is_about(*policy, direction)) continue;
    writer.isolated();
    if (direction == Direction::ingress)
      for (const auto& rule : policy->spec.ingress) writer.rule(rule.from, rule.ports);
    else
      for (const auto& rule : policy->spec.egress) writer.rule(rule.to, rule.ports);
  }
  return writer.take();
}

}  // namespace plumb::policy
