// A service proxy: makes one node's traffic to Services reach their endpoints. Its process runs where the node's network is.
#pragma once

#include <memory>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/informer/client.h"
#include "reference/proxy/health.h"
#include "reference/proxy/proxier.h"

namespace plumb::proxy {

struct ProxyOptions {
  ProxierOptions proxier;
  // A pause between two syncs bounds how often the kernel's rules change: changes that come meanwhile go together.
  Duration min_sync_period = std::chrono::milliseconds(10);
  // After this the rules are looked at, and what failed has been tried again.
  Duration sync_period = std::chrono::seconds(30);
  std::optional<Listen> healthz, metrics;
};

class Proxy {
 public:
  // The client acts as system:kube-proxy. Client and clock outlive it. Answers when the first rules are written, or could not be.
  static Result<std::unique_ptr<Proxy>> start(ProxyOptions options, informer::Client& client, Clock& clock);
  ~Proxy();  // rules stay: traffic goes on while the proxy is started again

 private:
  class Core;
  explicit Proxy(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

// Removes the proxy's tables from this network namespace. Ok when there are none.
Status clean_up();

}  // namespace plumb::proxy
