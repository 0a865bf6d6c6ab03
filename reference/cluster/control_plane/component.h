// A part of the control plane that works through the API: scheduler, controller manager. The same code runs inside the API server's
// process, handed its snapshots, or in a process of its own over HTTPS; it registers itself under upstream's program name.
#pragma once

#include <memory>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/registry.h"
#include "harness/base/result.h"
#include "reference/informer/client.h"
#include "reference/informer/informer.h"

namespace plumb::cluster {

struct ComponentContext {
  informer::Client& client;  // as this component's user
  informer::InformerFactory& informers;
  Clock& clock;
  std::string root_ca_pem;  // what pods are given to trust the API server
};

class Component {
 public:
  virtual ~Component() = default;
  virtual std::string summary() const = 0;
  // Once. Informers are started by the caller afterwards.
  virtual Status start(const ComponentContext& context) = 0;
  // Before the informers stop; it is destroyed after them, since they hold its handlers.
  virtual void stop() = 0;
};

}  // namespace plumb::cluster
