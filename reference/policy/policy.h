// Enforcement of NetworkPolicies on one node: the thread that keeps the node's rules as they should be. Its process runs where the node's network
// is; several parts may share it.
#pragma once

#include <memory>
#include <optional>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/informer/client.h"
#include "reference/policy/enforcer.h"
#include "reference/proxy/health.h"

namespace plumb::policy {

struct PolicyOptions {
  EnforcerOptions enforcer;
  // A pause between two syncs bounds how often the kernel's rules change: changes that come meanwhile go together.
  Duration min_sync_period = std::chrono::milliseconds(10);
  // After this the rules are looked at, and what failed has been tried again.
  Duration sync_period = std::chrono::seconds(30);
  std::optional<proxy::Listen> healthz;  // /healthz, /livez
};

class PolicyAgent {
 public:
  // The client may list and watch networkpolicies, pods, namespaces and nodes. Client and clock outlive it. Answers when the first rules are written,
  // or could not be.
  static Result<std::unique_ptr<PolicyAgent>> start(PolicyOptions options, informer::Client& client, Clock& clock);
  ~PolicyAgent();  // rules stay: pods are isolated while the process is started again

 private:
  class Core;
  explicit PolicyAgent(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// Removes the tables from this network namespace. Ok when there are none.
Status clean_up();
// What keeps traffic between two pods of one node from the rules, or "": what goes over a bridge is filtered only where the kernel hands it to
// the address families' hooks (bridge-nf-call-iptables), and where pods have no bridge that does not matter.
std::string bridge_problem();

}  // namespace plumb::policy
