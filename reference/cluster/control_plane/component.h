// A part of the control plane that works through the API: scheduler, controller manager. The same code runs inside the API server's
// process, handed its snapshots, or in a process of its own over HTTPS; it registers itself under upstream's program name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "harness/base/arguments.h"
#include "harness/base/clock.h"
#include "harness/base/registry.h"
#include "harness/base/result.h"
#include "reference/cluster/control_plane/accounts.h"
#include "reference/informer/client.h"
#include "reference/informer/informer.h"
#include "reference/informer/leader_election.h"

namespace plumb::cluster {

struct ComponentContext {
  informer::Client& client;  // as this component's user
  Accounts& accounts;
  informer::InformerFactory& informers;
  Clock& clock;
  std::string root_ca_pem;  // what pods are given to trust the API server
  // Set where the cluster may have several of this component: it works only while it leads.
  std::optional<informer::LeaderElectionOptions> election;
  // Called from any thread when it has lost the lease, not when it stops; it does not stand for election again by itself.
  std::function<void()> lost_leadership;
};

class Component {
 public:
  virtual ~Component() = default;
  virtual std::string summary() const = 0;
  // The flags it takes, bound to itself.
  virtual void declare(Arguments&) {}
  // Informers are started by the caller afterwards. May be called again after stop(), once the informers of the former run are gone.
  virtual Status start(const ComponentContext& context) = 0;
  // Before the informers stop; it is destroyed, or started again, after them, since they hold its handlers. A leader first ends its work
  // and then lets go of the lease.
  virtual void stop() = 0;
};

}  // namespace plumb::cluster
