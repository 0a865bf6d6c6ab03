// Keeps a node's tables as the Services and EndpointSlices want them: what has changed is remembered, and sync() decides about it and writes
// one transaction a family.
//
// Changes may be told from any thread; sync() and what it leaves belong to one.
//
// Recovery: the first sync makes the tables anew. So does the one after a transaction that failed, the first after an hour, and the one after
// verify() has found that somebody else has taken the rules away. A connection that exists goes on through all of these: its address is
// changed by conntrack, not by the rules. The clients that session affinity keeps are forgotten when a table is made anew.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/informer/informer.h"
#include "reference/proxy/claims.h"
#include "reference/proxy/conntrack.h"
#include "reference/proxy/nftables.h"
#include "reference/proxy/proxy_metrics.h"
#include "reference/proxy/table.h"

namespace plumb::proxy {

inline constexpr char kComponent[] = "proxy";  // in the log

// What stays the same; zone and ranges of Services come from objects.
struct ProxierOptions {
  std::string node_name;
  std::vector<api::Ip> node_ips;
  std::vector<api::IpRange> node_port_ranges;  // empty: the node's own addresses
  LocalTraffic local;                          // for mode cidr without ranges: the Node's spec.podCIDRs
  bool masquerade_all = false;
  std::uint32_t masquerade_mark = 1 << 14;
  Duration full_sync_period = std::chrono::hours(1);
};

// A node port on which the node says how many endpoints of a Service it has.
struct HealthCheck {
  std::string namespace_, service;
  int port = 0;
  std::size_t local_endpoints = 0;
  friend bool operator==(const HealthCheck&, const HealthCheck&) = default;
};

class Proxier {
 public:
  // Adds indexes and handlers to the informers, which are started by the caller. All must outlive it, and the informers' handlers must have
  // ended before it goes. Without `conntrack` UDP flows are left alone. `changed` is called, from any thread, when there is something to sync.
  Proxier(ProxierOptions options, informer::InformerFactory& informers, Nftables& nftables, Conntrack* conntrack, Clock& clock, std::function<void()> changed);

  bool has_synced() const;  // the informers have; sync() does nothing before
  // An error leaves everything to be done again by the next.
  Status sync();
  // Finds out whether the tables are still those that were written last; if not, the next sync makes them anew. Deletes what is no longer used.
  void verify();

  const std::vector<HealthCheck>& health_checks() const { return health_checks_; }
  // False while the node goes: it is deleted, or tainted for its removal by the cluster autoscaler.
  bool node_eligible() const { return node_eligible_; }
  std::size_t element_count() const;

 private:
  struct Side {  // one family
    Side(Family family, NodeRules rules) : family(family), table(std::move(rules)) {}
    Family family;
    Table table;
    bool active = false;  // there has been a Service of this family
    std::string mark;     // a chain that only this table has
    Instant made;
    Claims claims;
    std::map<std::string, std::vector<std::string>, std::less<>> owners;  // by Service
    std::set<std::string, std::less<>> no_local_internal, no_local_external;  // owners
    std::map<std::string, UdpPlaces, std::less<>> udp;                    // by owner
    UdpPlaces stale;                                                      // changed since flows were cleaned up
  };
  struct Changes {
    std::set<std::string> services;
    std::size_t service_changes = 0, slice_changes = 0;
    bool node = true;
    std::vector<WallTime> triggers;
  };

  void service_changed(const informer::ObjectPtr& before, const informer::ObjectPtr& after);
  void slice_changed(const informer::ObjectPtr& before, const informer::ObjectPtr& after);
  void node_changed();
  void tell(const std::function<void(Changes&)>& change);

  NodeRules node_rules(Family family) const;
  void observe_node(std::set<std::string>& services);
  void decide_services(Side& side, const std::set<std::string>& services);
  std::vector<ServicePort> ports_of(const std::string& service, Family family) const;
  void decide_service(Side& side, const std::string& service);
  void note_udp(Side& side, const std::string& owner, const ServicePort* port, const std::vector<Endpoint>& endpoints);
  Status write(Side& side);
  void clean_up_flows(Side& side);
  void find_health_checks(const std::set<std::string>& services);
  bool is_node_address(const api::Ip& ip) const;

  const ProxierOptions options_;
  Nftables& nftables_;
  Conntrack* conntrack_;
  Clock& clock_;
  const std::function<void()> changed_;
  const WallTime begin_;
  ProxyMetrics metrics_;
  informer::Informer& service_informer_;
  informer::Informer& slice_informer_;
  informer::Informer& node_informer_;
  informer::Informer& range_informer_;
  std::mutex mutex_;
  Changes changes_;  // under mutex_
  std::vector<Side> sides_;
  std::map<std::string, HealthCheck, std::less<>> health_by_service_;
  std::vector<HealthCheck> health_checks_;
  std::atomic<bool> node_eligible_{true};
  std::uint64_t made_ = 0;
};

}  // namespace plumb::proxy
