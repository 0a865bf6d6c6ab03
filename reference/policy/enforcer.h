// Keeps a node's tables as the NetworkPolicies want them: what has changed is remembered, and sync() decides about it and writes one transaction a
// family. The second family is there once the Node has a range of it.
//
// Changes may be told from any thread; sync() and what it leaves belong to one.
//
// Pods and namespaces are watched from the first NetworkPolicy on: a cluster without any costs a node nothing.
//
// Recovery: the first sync makes the tables anew. So does the one after a transaction that failed, the first after an hour, and the one after
// verify() has found that somebody else has changed the rules.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/informer/informer.h"
#include "reference/policy/model.h"
#include "reference/policy/policy_metrics.h"
#include "reference/proxy/nftables.h"

namespace plumb::policy {

inline constexpr char kComponent[] = "network-policy";  // in the log

struct EnforcerOptions {
  std::string node_name;
  Duration full_sync_period = std::chrono::hours(1);
};

class Enforcer {
 public:
  // Adds handlers to the informers, which are started by the caller. All must outlive it, and the informers' handlers must have ended before it
  // goes. `changed` is called, from any thread, when there is something to sync.
  Enforcer(EnforcerOptions options, informer::InformerFactory& informers, proxy::Nftables& nftables, Clock& clock, std::function<void()> changed);

  bool has_synced() const;  // the informers have; sync() does nothing before
  // An error leaves everything to be done again by the next.
  Status sync();
  // Finds out whether the tables are still those that were written last; if not, the next sync makes them anew. Deletes what is no longer used.
  void verify();

 private:
  struct Side {  // one family
    Side(Family family, const std::string& node_name) : family(family), model(family, node_name) {}
    Family family;
    Model model;
    std::string mark;  // a chain that only this table has
    Instant made;
  };
  struct Changes {
    std::set<std::string> pods, policies, namespaces;
    bool node = true;
  };

  void tell(const std::function<void(Changes&)>& change);
  void watch_pods();
  void observe_node();
  void fill(Side& side) const;
  void apply(Side& side, const Changes& changes) const;
  void warn(const std::set<std::string>& policies);
  Status write(Side& side);

  const EnforcerOptions options_;
  informer::InformerFactory& informers_;
  proxy::Nftables& nftables_;
  Clock& clock_;
  const std::function<void()> changed_;
  PolicyMetrics metrics_;
  informer::Informer& policies_;
  informer::Informer& node_;
  std::atomic<informer::Informer*> pods_{nullptr}, namespaces_{nullptr};  // once there has been a policy
  std::mutex mutex_;
  Changes changes_;  // under mutex_
  std::vector<std::unique_ptr<Side>> sides_;
  bool filled_ = false;  // from the first lists of pods and namespaces
  std::uint64_t made_ = 0;
};

}  // namespace plumb::policy
