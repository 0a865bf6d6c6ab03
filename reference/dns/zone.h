// The names of a cluster, and the answers to questions about them: version 1.1.0 of "Kubernetes DNS-Based Service Discovery"; where that leaves a choice, CoreDNS'
// plugin kubernetes as kubeadm configures it.
//
// Nothing is expanded: a question is decided upon from the view of the one Service that its labels name. So a change costs what its Service has
// endpoints, and nothing grows with the cluster but two maps. Safe from any thread; questions do not wait for each other.
#pragma once

#include <atomic>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "harness/base/clock.h"
#include "harness/base/string_map.h"
#include "reference/dns/record.h"
#include "reference/dns/service_view.h"

namespace plumb::dns {

enum class Pods : std::uint8_t {
  disabled,  // no names of pods
  insecure,  // 10-0-0-7.NAMESPACE.pod stands for 10.0.0.7, whoever has it
  verified,  // only where a pod of the namespace has it
};

struct ZoneOptions {
  std::string domain = "cluster.local";  // lower case
  std::uint32_t ttl = 30;                // seconds, also of what is not there
  Pods pods = Pods::insecure;
  // This server's own: a Service that leads to one of them is the zone's name server.
  std::vector<api::Ip> own_ips = {};
};

class Zone {
 public:
  explicit Zone(ZoneOptions options, WallTime now = {});

  // What was observed. nullptr: no such Service. Returns whether any answer changes.
  bool set_service(std::string_view namespace_, std::string_view name, std::shared_ptr<const ServiceView> view, WallTime now);
  void set_namespace(std::string_view name, bool there, WallTime now);
  void add_pod(std::string_view namespace_, const api::Ip& ip, WallTime now);
  void remove_pod(std::string_view namespace_, const api::Ip& ip, WallTime now);
  // Everything has been seen once. Before, questions about the cluster are answered by nobody.
  void set_complete();
  bool complete() const { return complete_; }

  Answer answer(const Question& question) const;
  // Changes whenever an answer may have: an answer that is kept is good for as long as this stays.
  std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  const ZoneOptions& options() const { return options_; }

 private:
  struct IpHash {
    std::size_t operator()(const api::Ip& ip) const {
      return std::hash<std::uint64_t>()(static_cast<std::uint64_t>(ip.number) ^ static_cast<std::uint64_t>(ip.number >> 64) * 0x9e3779b97f4a7c15);
    }
  };
  struct ReverseName {
    std::string name;  // of the record's target
    bool preferred;    // a cluster IP's, or a given hostname
  };
  using Labels = std::vector<std::string_view>;
  struct Asked;

  void changed(WallTime now);
  void index(const ServiceView& view, bool add);
  void find(Asked& asked) const;
  void find_at_apex(Asked& asked) const;
  void find_service(Asked& asked, const Labels& labels) const;
  void find_pod(Asked& asked, const Labels& labels) const;
  void find_reverse(Asked& asked, const api::Ip& ip) const;
  void tell(Asked& asked, const ServiceView& view, const Labels& labels) const;
  void tell_cluster(Asked& asked, const ServiceView& view, const Labels& labels) const;
  void tell_endpoints(Asked& asked, const ServiceView& view, const Labels& labels) const;
  void tell_alias(Asked& asked, const std::string& target) const;
  void add_name_servers(Asked& asked) const;
  std::vector<std::pair<std::string, api::Ip>> name_servers() const;
  std::string name_of(const ServiceView& view) const { return view.name + "." + view.namespace_ + ".svc." + options_.domain; }
  void add_address(std::vector<Record>& section, const std::string& name, const api::Ip& ip) const;
  void add_soa(std::vector<Record>& section) const;

  const ZoneOptions options_;
  std::atomic<bool> complete_{false};
  std::atomic<std::uint64_t> generation_{0};
  mutable std::shared_mutex mutex_;
  // All below under mutex_.
  StringMap<std::shared_ptr<const ServiceView>> services_;  // by "namespace/name"
  StringMap<int> namespaces_;
  std::unordered_map<api::Ip, std::vector<ReverseName>, IpHash> reverse_;
  std::unordered_map<api::Ip, std::vector<std::string>, IpHash> pods_;  // namespaces, one a pod
  std::set<std::string> own_services_;  // keys of those that lead here
  std::uint32_t serial_ = 0;
};

}  // namespace plumb::dns
