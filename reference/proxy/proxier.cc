#include "reference/proxy/proxier.h"

#include <unistd.h>

#include <algorithm>

#include "harness/base/log.h"
#include "reference/api/text/time.h"
#include "reference/api/types/networkingv1.h"

namespace plumb::proxy {
namespace {

constexpr char by_service[] = "service";
constexpr std::size_t most_triggers = 10'000;  // of changes between two syncs; further ones are not measured
// Slices of headless Services, and Services that others serve, never reach the proxy.
constexpr char service_selector[] = "!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless";

std::string service_of(const api::Object& slice) {
  const api::Str* name = slice.metadata.labels.find("kubernetes.io/service-name");
  return name ? service_key(slice.metadata.namespace_, *name) : std::string();
}

informer::Scope selected() { return {.namespace_ = {}, .label_selector = service_selector, .field_selector = {}}; }
informer::Scope named(const std::string& name) { return {.namespace_ = {}, .label_selector = {}, .field_selector = "metadata.name=" + name}; }

std::vector<api::IpRange> parse_ranges(const api::List<api::Str>& texts) {
  std::vector<api::IpRange> ranges;
  for (const api::Str& text : texts)
    if (const auto range = api::IpRange::parse(text)) ranges.push_back(*range);
  return ranges;
}

}  // namespace

Proxier::Proxier(ProxierOptions options, informer::InformerFactory& informers, Nftables& nftables, Conntrack* conntrack, Clock& clock, std::function<void()> changed)
    : options_(std::move(options)),
      nftables_(nftables),
      conntrack_(conntrack),
      clock_(clock),
      changed_(std::move(changed)),
      begin_(clock.wall()),
      service_informer_(informers.informer<corev1::Service>(selected())),
      slice_informer_(informers.informer<discoveryv1::EndpointSlice>(selected())),
      node_informer_(informers.informer<corev1::Node>(named(options_.node_name))),
      range_informer_(informers.informer<networkingv1::ServiceCIDR>()) {
  for (const Family family : {Family::ipv4, Family::ipv6}) sides_.emplace_back(family, node_rules(family));
  sides_.front().active = true;
  slice_informer_.add_index(by_service, [](const api::Object& object, std::vector<std::string>& values) {
    if (std::string service = service_of(object); !service.empty()) values.push_back(std::move(service));
  });
  service_informer_.add_handler([this](const auto& before, const auto& after) { service_changed(before, after); });
  slice_informer_.add_handler([this](const auto& before, const auto& after) { slice_changed(before, after); });
  node_informer_.add_handler([this](const auto&, const auto&) { node_changed(); });
  range_informer_.add_handler([this](const auto&, const auto&) { node_changed(); });
}

bool Proxier::has_synced() const { return service_informer_.has_synced() && slice_informer_.has_synced() && node_informer_.has_synced() && range_informer_.has_synced(); }

void Proxier::tell(const std::function<void(Changes&)>& change) {
  {
    std::lock_guard lock(mutex_);
    change(changes_);
    metrics_.pending(changes_.service_changes, changes_.slice_changes);
  }
  metrics_.queued(clock_.wall());
  if (has_synced()) changed_();
}

void Proxier::service_changed(const informer::ObjectPtr& before, const informer::ObjectPtr& after) {
  tell([&](Changes& changes) {
    changes.services.insert(std::string(informer::object_key(*(after ? after : before))));
    ++changes.service_changes;
  });
}

void Proxier::slice_changed(const informer::ObjectPtr& before, const informer::ObjectPtr& after) {
  tell([&](Changes& changes) {
    for (const auto& slice : {before, after})
      if (slice)
        if (std::string service = service_of(*slice); !service.empty()) changes.services.insert(std::move(service));
    ++changes.slice_changes;
    const api::Str* text = after ? after->metadata.annotations.find("endpoints.kubernetes.io/last-change-trigger-time") : nullptr;
    if (!text || changes.triggers.size() >= most_triggers) return;
    // Of what was before this process nobody can say how long it took.
    if (const auto time = api::parse_time(*text); time.ok() && *time > begin_) changes.triggers.push_back(*time);
  });
}

void Proxier::node_changed() {
  tell([](Changes& changes) { changes.node = true; });
}

NodeRules Proxier::node_rules(Family family) const {
  NodeRules rules{.family = family, .node_name = options_.node_name};
  rules.node_ips = options_.node_ips;
  rules.node_port_ranges = options_.node_port_ranges;
  rules.local = options_.local;
  rules.masquerade_all = options_.masquerade_all;
  rules.masquerade_mark = options_.masquerade_mark;
  if (const auto node = node_informer_.lister<corev1::Node>().get(options_.node_name)) {
    if (const api::Str* zone = node->metadata.labels.find("topology.kubernetes.io/zone")) rules.zone = zone->str();
    if (rules.local.mode == LocalTraffic::Mode::cidr && rules.local.ranges.empty()) rules.local.ranges = parse_ranges(node->spec.podCIDRs);
  }
  for (const auto& range : range_informer_.lister<networkingv1::ServiceCIDR>().list()) {
    const auto more = parse_ranges(range->spec.cidrs);
    rules.service_ranges.insert(rules.service_ranges.end(), more.begin(), more.end());
  }
  std::sort(rules.service_ranges.begin(), rules.service_ranges.end(), [](const api::IpRange& a, const api::IpRange& b) { return a.network.number < b.network.number; });
  return rules;
}

void Proxier::observe_node(std::set<std::string>& services) {
  const auto node = node_informer_.lister<corev1::Node>().get(options_.node_name);
  bool eligible = true;
  if (node) {
    eligible = !node->metadata.deletionTimestamp.set;
    for (const corev1::Taint& taint : node->spec.taints) eligible &= taint.key != "ToBeDeletedByClusterAutoscaler";
  }
  node_eligible_ = eligible;
  for (Side& side : sides_) {
    NodeRules rules = node_rules(side.family);
    if (rules == side.table.node()) continue;
    side.table.set_node(std::move(rules));
    for (const auto& [service, owners] : side.owners) services.insert(service);
  }
}

std::vector<ServicePort> Proxier::ports_of(const std::string& service, Family family) const {
  const auto object = service_informer_.lister<corev1::Service>().get(service);
  return object ? service_ports(*object, family) : std::vector<ServicePort>();
}

void Proxier::decide_services(Side& side, const std::set<std::string>& services) {
  std::set<std::string> affected = services;
  for (const std::string& service : services)
    for (std::string& heir : side.claims.set(service, ports_of(service, side.family))) affected.insert(std::move(heir));
  for (const std::string& service : affected) decide_service(side, service);
}

void Proxier::decide_service(Side& side, const std::string& service) {
  std::vector<ServicePort> ports = ports_of(service, side.family);
  std::vector<std::string> owners;
  if (!ports.empty()) side.active = true;
  const Slices slices = ports.empty() ? Slices() : slice_informer_.lister<discoveryv1::EndpointSlice>().by_index(by_service, service);
  for (ServicePort& port : ports) {
    if (const std::string taken = side.claims.withhold(service, port); !taken.empty())
      log::warning(kComponent, "Service " + service + " gets no traffic at " + taken + ": another Service has it; give one of them another address");
    const std::string owner = port.key();
    if (std::find(owners.begin(), owners.end(), owner) != owners.end()) continue;
    owners.push_back(owner);
    const std::vector<Endpoint> endpoints = endpoints_of(port, side.family, slices, options_.node_name);
    Decision decision = decide(side.table.node(), port, endpoints, side.table.part(owner));
    side.table.replace(owner, std::move(decision.part));
    for (const auto& [lacks, set] : {std::pair(decision.no_local_internal, &side.no_local_internal), {decision.no_local_external, &side.no_local_external}})
      if (lacks) set->insert(owner);
      else set->erase(owner);
    note_udp(side, owner, &port, endpoints);
  }
  auto& known = side.owners[service];
  for (const std::string& owner : known) {
    if (std::find(owners.begin(), owners.end(), owner) != owners.end()) continue;
    side.table.replace(owner, {});
    side.no_local_internal.erase(owner);
    side.no_local_external.erase(owner);
    note_udp(side, owner, nullptr, {});
  }
  if (owners.empty())
    side.owners.erase(service);
  else
    known = std::move(owners);
}

void Proxier::note_udp(Side& side, const std::string& owner, const ServicePort* port, const std::vector<Endpoint>& endpoints) {
  UdpPlaces now;
  if (port && port->protocol == Protocol::udp) {
    std::set<Target> targets;
    for (const Endpoint& one : endpoints)
      if (one.ready || one.serving) targets.insert({one.ip, one.port});
    if (port->cluster_ip) now.addresses[{*port->cluster_ip, port->port}] = targets;
    for (const auto* addresses : {&port->external_ips, &port->load_balancer_ips})
      for (const api::Ip& ip : *addresses) now.addresses[{ip, port->port}] = targets;
    if (port->node_port != 0) now.node_ports[port->node_port] = targets;
  }
  const auto before = side.udp.find(owner);
  if (before == side.udp.end() && now.empty()) return;
  UdpPlaces changed = now;
  if (before != side.udp.end()) {
    for (const auto& [place, targets] : before->second.addresses)
      if (const auto same = now.addresses.find(place); same == now.addresses.end()) changed.addresses[place];
      else if (same->second == targets) changed.addresses.erase(place);
    for (const auto& [place, targets] : before->second.node_ports)
      if (const auto same = now.node_ports.find(place); same == now.node_ports.end()) changed.node_ports[place];
      else if (same->second == targets) changed.node_ports.erase(place);
  }
  // Who comes has the last word about a place that another one leaves.
  for (auto& [place, targets] : changed.addresses)
    if (!targets.empty() || !side.stale.addresses.contains(place)) side.stale.addresses[place] = targets;
  for (auto& [place, targets] : changed.node_ports)
    if (!targets.empty() || !side.stale.node_ports.contains(place)) side.stale.node_ports[place] = targets;
  if (now.empty()) side.udp.erase(before);
  else side.udp[owner] = std::move(now);
}

Status Proxier::write(Side& side) {
  if (!side.active) return {};
  const Instant now = clock_.now();
  if (now - side.made >= options_.full_sync_period) side.table.make_anew();
  const bool whole = side.table.has_to_be_made_anew();
  std::string commands, mark = side.mark;
  if (whole) {
    mark = "made-" + std::to_string(getpid()) + "-" + std::to_string(++made_);
    commands = side.table.whole() + "add chain " + table_name(side.family) + " " + mark + "\n";
  } else {
    commands = side.table.take_changes(now);
  }
  if (commands.empty()) return {};
  if (Status written = nftables_.run(commands); !written.ok()) {
    side.table.make_anew();
    metrics_.failed();
    return written.error().in("syncing " + table_name(side.family));
  }
  if (whole) side.made = now;
  side.mark = std::move(mark);
  metrics_.synced(clock_.now() - now, whole, clock_.wall());
  return {};
}

Status Proxier::sync() {
  if (!has_synced()) return {};
  Changes changes;
  {
    std::lock_guard lock(mutex_);
    std::swap(changes, changes_);
    changes_.node = false;
    metrics_.pending(0, 0);
  }
  metrics_.service_changes(changes.service_changes);
  metrics_.endpoint_changes(changes.slice_changes);
  if (changes.node) observe_node(changes.services);
  Status result;
  for (Side& side : sides_) {
    decide_services(side, changes.services);
    Status written = write(side);
    // The kernel may lack a family; the other one goes on.
    if (written.ok()) clean_up_flows(side);
    else if (result.ok()) result = std::move(written);
  }
  find_health_checks(changes.services);
  metrics_.without_local_endpoints(sides_[0].no_local_internal.size() + sides_[1].no_local_internal.size(),
                                   sides_[0].no_local_external.size() + sides_[1].no_local_external.size());
  if (!result.ok()) return result;
  const WallTime now = clock_.wall();
  for (const WallTime trigger : changes.triggers) metrics_.programmed(now - trigger);
  return {};
}

void Proxier::verify() {
  for (Side& side : sides_) {
    if (side.mark.empty() || side.table.has_to_be_made_anew()) continue;
    const Instant now = clock_.now();
    if (const std::string unused = side.table.delete_stale(now); !unused.empty()) {
      const Status deleted = nftables_.run(unused);
      if (deleted.ok()) side.table.forget_stale(now);
      else metrics_.clean_up_failed();
    }
    if (nftables_.run("flush chain " + table_name(side.family) + " " + side.mark + "\n").ok()) continue;
    log::warning(kComponent, "the table \"" + table_name(side.family) + "\" is not as it was left: another program has changed the node's nftables rules; making it anew");
    side.table.make_anew();
  }
}

bool Proxier::is_node_address(const api::Ip& ip) const {
  const auto is_it = [&](const api::Ip& own) { return own == ip; };
  const auto holds_it = [&](const api::IpRange& range) { return range.contains(ip); };
  return std::any_of(options_.node_ips.begin(), options_.node_ips.end(), is_it) || std::any_of(options_.node_port_ranges.begin(), options_.node_port_ranges.end(), holds_it);
}

void Proxier::clean_up_flows(Side& side) {
  if (!conntrack_ || side.stale.empty()) return;
  const Instant begin = clock_.now();
  const auto removed = conntrack_->remove_udp(side.family, [&](const Flow& flow) { return is_stale(flow, side.stale, [this](const api::Ip& ip) { return is_node_address(ip); }); });
  if (!removed.ok()) return log::warning(kComponent, removed.error().message + "; UDP clients of endpoints that are gone get no answer until they have been silent for a while");
  side.stale = {};
  metrics_.flows_removed(*removed, clock_.now() - begin);
}

void Proxier::find_health_checks(const std::set<std::string>& services) {
  for (const std::string& key : services) {
    const auto service = service_informer_.lister<corev1::Service>().get(key);
    const int number = service ? health_check_node_port(*service) : 0;
    if (number == 0) {
      health_by_service_.erase(key);
      continue;
    }
    const Slices slices = slice_informer_.lister<discoveryv1::EndpointSlice>().by_index(by_service, key);
    std::set<std::string> ready;
    for (const Family family : {Family::ipv4, Family::ipv6})
      for (const ServicePort& port : service_ports(*service, family))
        for (const Endpoint& one : endpoints_of(port, family, slices, options_.node_name))
          if (one.local && one.ready) ready.insert(one.ip.text());
    health_by_service_[key] = {service->metadata.namespace_.str(), service->metadata.name.str(), number, ready.size()};
  }
  health_checks_.clear();
  for (const auto& [key, check] : health_by_service_) health_checks_.push_back(check);
}

std::size_t Proxier::element_count() const { return sides_[0].table.element_count() + sides_[1].table.element_count(); }

}  // namespace plumb::proxy
