// The runtime that runs real containers: containerd 1.6 or later over its unix socket, CRI v1 for calls, containerd's own event service
// for events (1.6 has no GetContainerEvents).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reference/cri/runtime.h"

namespace plumb::cri {

struct ContainerdOptions {
  std::string socket = "/run/containerd/containerd.sock";
  Duration call_limit = std::chrono::seconds(120);  // of ordinary calls; pulling has none
  Clock* clock = &real_clock();                     // times the reconnects of the event stream, and calls
  // Told of every call that has ended, by its name in the CRI; for metrics. Any thread.
  std::function<void(const char* method, Duration took, bool ok)> call_ended = [](const char*, Duration, bool) {};
};

// Connects at the first call. Calls wait for a containerd that is not up yet until their limit passes; pulling does not wait for one.
Result<std::unique_ptr<Runtime>> connect_containerd(ContainerdOptions options = {});

}  // namespace plumb::cri
