#include <array>
#include <cstdio>

#include "reference/proxy/rules.h"

namespace plumb::proxy {
namespace {

// nft knows its words for these at some hooks only.
constexpr std::string_view before_dnat = "-110", dnat = "-100", after_dnat = "-90", snat = "100";

struct Description {
  std::string_view name, keys, values;
};

// In the order of Container. "IP" stands for the family's address type, "DADDR" for the packet's destination. Endpoints have a map a
// protocol: libnftables 1.0.6 refuses rules with a map of the kernel's whose values are declared by "th dport".
constexpr std::array<Description, container_count> descriptions{{
    {"cluster-ips", "type IP", ""},
    {"service-ips", "type IP . inet_proto . inet_service", "verdict"},
    {"service-nodeports", "type inet_proto . inet_service", "verdict"},
    {"no-endpoint-services", "type IP . inet_proto . inet_service", "verdict"},
    {"no-endpoint-nodeports", "type inet_proto . inet_service", "verdict"},
    {"firewall-ips", "type IP . inet_proto . inet_service", "verdict"},
    {"hairpin-endpoints", "type IP . IP", ""},
    {"endpoints-tcp", "typeof DADDR . tcp dport . numgen random mod 65536", "DADDR . tcp dport"},
    {"endpoints-udp", "typeof DADDR . udp dport . numgen random mod 65536", "DADDR . udp dport"},
    {"endpoints-sctp", "typeof DADDR . sctp dport . numgen random mod 65536", "DADDR . sctp dport"},
    {"nodeport-endpoints-tcp", "typeof tcp dport . numgen random mod 65536", "DADDR . tcp dport"},
    {"nodeport-endpoints-udp", "typeof udp dport . numgen random mod 65536", "DADDR . udp dport"},
    {"nodeport-endpoints-sctp", "typeof sctp dport . numgen random mod 65536", "DADDR . sctp dport"},
}};

std::string filled(std::string_view text, Family family) {
  std::string made;
  while (!text.empty()) {
    const bool address = text.starts_with("IP"), destination = text.starts_with("DADDR");
    if (address) made += family == Family::ipv4 ? "ipv4_addr" : "ipv6_addr";
    if (destination) made += family == Family::ipv4 ? "ip daddr" : "ip6 daddr";
    if (!address && !destination) made += text.front();
    text.remove_prefix(address ? 2 : destination ? 5 : 1);
  }
  return made;
}

std::string list_of(const std::vector<api::IpRange>& ranges, Family family) {
  std::string list;
  for (const api::IpRange& range : ranges) {
    if (!is_of(range.network, family)) continue;
    bool covered = false;  // nft refuses ranges that overlap
    for (const api::IpRange& other : ranges) covered |= &other != &range && other.contains(range.network) && (other.bits < range.bits || (other.bits == range.bits && &other < &range));
    if (!covered) list += (list.empty() ? "" : ", ") + range.text();
  }
  return list;
}

// Where node ports are served. "" where nowhere.
std::string node_port_addresses(const NodeRules& node) {
  const std::string daddr = filled("DADDR", node.family);
  if (!node.node_port_ranges.empty()) {
    const std::string list = list_of(node.node_port_ranges, node.family);
    // Loopback addresses cannot be left again with another source.
    const std::string not_loopback = node.family == Family::ipv4 ? " != 127.0.0.0/8 " : " != ::1 ";
    return list.empty() ? "" : "fib daddr type local " + daddr + not_loopback + daddr + " { " + list + " }";
  }
  std::string list;
  for (const api::Ip& ip : node.node_ips)
    if (is_of(ip, node.family)) list += (list.empty() ? "" : ", ") + ip.text();
  return list.empty() ? "" : daddr + " { " + list + " }";
}

class Writer {
 public:
  explicit Writer(const NodeRules& node) : node_(node) {}
  std::string run() {
    const std::string name = table_name(node_.family);
    out_ = "add table " + name + "\ndelete table " + name + "\ntable " + name + " {\ncomment \"rules for kube-proxy\"\n";
    for (const Description& one : descriptions) {
      const bool map = !one.values.empty();
      out_ += std::string(map ? "map " : "set ").append(one.name).append(" { ") + filled(one.keys, node_.family) + (map ? " : " + filled(one.values, node_.family) : "") + "; }\n";
    }
    chains();
    return out_ + "}\n";
  }

 private:
  void chain(std::string_view name, const std::vector<std::string>& rules) {
    out_.append("chain ").append(name) += " {\n";
    for (const std::string& rule : rules) out_ += rule + "\n";
    out_ += "}\n";
  }
  void base(std::string_view name, std::string_view type, std::string_view hook, std::string_view priority, std::vector<std::string> rules) {
    rules.insert(rules.begin(), std::string("type ").append(type).append(" hook ").append(hook).append(" priority ").append(priority).append("; policy accept;"));
    chain(name, rules);
  }

  void chains() {
    const std::string daddr = filled("DADDR", node_.family), at = daddr + " . meta l4proto . th dport vmap @", places = node_port_addresses(node_);
    const std::string node_port = places + " meta l4proto . th dport vmap @", saddr = node_.family == Family::ipv4 ? "ip saddr" : "ip6 saddr";
    char mark[16];
    std::snprintf(mark, sizeof mark, "0x%08x", node_.masquerade_mark);
    chain("reject-chain", {"reject"});
    chain("mark-for-masquerade", {std::string("meta mark set meta mark or ") + mark});
    chain("masquerading", {std::string("meta mark and ") + mark + " != 0 meta mark set meta mark xor " + mark + " masquerade fully-random",
                           "ct status dnat " + saddr + " . " + daddr + " @hairpin-endpoints masquerade fully-random"});
    std::vector<std::string> services{at + "service-ips"}, refused_node_ports;
    if (!places.empty()) {
      services.push_back(node_port + "service-nodeports");
      refused_node_ports.push_back(node_port + "no-endpoint-nodeports");
    }
    chain("services", services);
    chain("nodeport-endpoints-check", refused_node_ports);
    chain("service-endpoints-check", {at + "no-endpoint-services"});
    chain("firewall-check", {at + "firewall-ips"});
    std::vector<std::string> unknown{daddr + " @cluster-ips reject"};
    if (const std::string list = list_of(node_.service_ranges, node_.family); !list.empty()) unknown.push_back(daddr + " { " + list + " } drop");
    chain("cluster-ips-check", unknown);
    // What is refused is looked at under the address that the client wrote, and most of it before the address is changed.
    base("filter-prerouting", "filter", "prerouting", before_dnat, {"ct state new jump firewall-check"});
    base("filter-input", "filter", "input", before_dnat, {"ct state new jump nodeport-endpoints-check", "ct state new jump service-endpoints-check"});
    base("filter-forward", "filter", "forward", before_dnat, {"ct state new jump service-endpoints-check", "ct state new jump cluster-ips-check"});
    base("filter-output", "filter", "output", before_dnat, {"ct state new jump service-endpoints-check", "ct state new jump firewall-check"});
    base("filter-output-post-dnat", "filter", "output", after_dnat, {"ct state new jump cluster-ips-check"});
    base("nat-prerouting", "nat", "prerouting", dnat, {"jump services"});
    base("nat-output", "nat", "output", dnat, {"jump services"});
    base("nat-postrouting", "nat", "postrouting", snat, {"jump masquerading"});
  }

  const NodeRules& node_;
  std::string out_;
};

}  // namespace

std::string_view name_of(Container container) { return descriptions[static_cast<std::size_t>(container)].name; }

std::string table_name(Family family) { return family == Family::ipv4 ? "ip kube-proxy" : "ip6 kube-proxy"; }

std::string base_table(const NodeRules& node) { return Writer(node).run(); }

bool operator==(const NodeRules& a, const NodeRules& b) { return a.node_name == b.node_name && a.zone == b.zone && base_table(a) == base_table(b); }

}  // namespace plumb::proxy
