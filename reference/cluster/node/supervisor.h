// Keeps services running and reaps orphans: the part of a node's process 1 that lasts.
#pragma once

#include <list>
#include <string>

#include "harness/base/process.h"
#include "reference/cluster/node/machine.h"

namespace plumb::cluster {

class Supervisor {
 public:
  explicit Supervisor(std::string log_dir);  // blocks SIGCHLD, SIGTERM and SIGINT for the program
  // Starts it now; whenever it ends it is started again, after a wait that doubles from 100 ms to 10 s while it does not last.
  Status add(const NodeService& service);
  // Reaps and restarts until SIGTERM or SIGINT.
  void run();

 private:
  struct Entry {
    NodeService service;
    pid_t pid = -1;
    Duration backoff{};
    Instant started, start_at;
  };
  Status start(Entry& entry);
  void reap();
  Duration restart_due();

  std::string log_dir_;
  std::list<Entry> entries_;
};

}  // namespace plumb::cluster
