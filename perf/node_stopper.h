// Makes one node of the cluster fail, and brings it back: with the user's command, which gets the node's name in $NODE, or by the label that
// the simulated nodes of `plumb up --hollow-nodes` obey.
#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/client/rest.h"

namespace plumb::perf {

class NodeStopper {
 public:
  // Stops the node that runs most pods of the namespace. Code::unsupported: there is no command, and the node is no simulated one.
  Status stop(client::Client& client, const std::string& space, const std::string& command, const std::string& undo);
  // Undoes stop(), if there was one.
  Status start(client::Client& client);

 private:
  std::string node_, undo_;  // node_ empty: nothing is stopped
  bool labelled_ = false;
};

// Takes the label off all nodes that have it. Answers how many.
Result<int> wake_silent_nodes(client::Client& client);

}  // namespace plumb::perf
