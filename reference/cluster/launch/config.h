// What a cluster was asked to be, kept in its folder so that `up` on the same folder brings the same cluster back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "reference/cluster/launch/passed_flags.h"
#include "reference/cluster/layout.h"
#include "reference/cluster/node/names.h"

namespace plumb::cluster {

struct ClusterConfig {
  std::string name = "plumb";
  int nodes = 1;
  int hollow_nodes = 0;
  std::string store = "embedded";         // or "etcd"
  std::vector<std::string> etcd_servers;  // with "etcd": none means an etcd of our own
  bool separate = false;                  // a process per component
  bool dns = true;                        // a name server, where there are real nodes
  std::uint16_t port = 0;                 // of the API server; chosen at the first start
  FlagValues flags;                       // handed on to the control plane
};

// not_found when the folder holds no cluster.
Result<ClusterConfig> load_config(const Layout& layout);
Status save_config(const Layout& layout, const ClusterConfig& config);

// <state>/plumbline/<name>: /var/lib for root, else $XDG_STATE_HOME or ~/.local/state.
std::string default_dir(const std::string& name);

}  // namespace plumb::cluster
