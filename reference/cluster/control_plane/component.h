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
#include "harness/net/tls.h"
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
  // Who the component is to other servers of the cluster, by certificate. May fail where it is known to the API server by other means.
  std::function<Result<net::TlsClientOptions>()> identity;
  // Where it listens when it serves something by itself, and where others reach it; the latter may be empty.
  std::string bind_address = "0.0.0.0", advertise_address = {};
  std::uint16_t secure_port = 0;  // 0: any free one
  // Set where the cluster may have several of this component: it works only while it leads.
  std::optional<informer::LeaderElectionOptions> election;
  // Called from any thread when it has lost the lease, not when it stops; it does not stand for election again by itself.
  std::function<void()> lost_leadership;
};

class Component {
 public:
  virtual ~Component() = default;
  virtual std::string summary() const = 0;
  // True: health and metrics are among what it serves; else they are served for it.
  virtual bool serves_itself() const { return false; }
  // The flags it takes, bound to itself.
  virtual void declare(Arguments&) {}
  // Informers are started by the caller afterwards. May be called again after stop(), once the informers of the former run are gone.
  virtual Status start(const ComponentContext& context) = 0;
  // Before the informers stop; it is destroyed, or started again, after them, since they hold its handlers. A leader first ends its work
  // and then lets go of the lease.
  virtual void stop() = 0;
};

}  // namespace plumb::cluster
