// Brings a cluster up and down on this machine: the processes of the control plane, an etcd if asked for, nodes, hollow nodes.
// Everything it starts outlives it; what runs is found again through pid files (with start times) in the cluster's folder.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/cluster/launch/config.h"

namespace plumb::cluster {

struct LaunchProgress {
  std::function<void(const std::string&)> step = [](const std::string&) {};
};

struct ProcessState {
  std::string name;
  bool running = false;
};
struct ClusterState {
  ClusterConfig config;
  std::string kubeconfig;
  std::vector<ProcessState> processes;
  bool ready = false;  // the API server says so
};

// Idempotent: starts what does not run. Answers when the API server is ready and every node is Ready, or with what is not after `limit`.
Status bring_up(const Layout& layout, ClusterConfig config, const LaunchProgress& progress, Duration limit);
Result<ClusterState> inspect(const Layout& layout);
// The folder has what a cluster leaves in it, even if cluster.json is lost.
bool holds_cluster(const Layout& layout);
// Ends everything and, unless `keep_data`, removes the folder. Ok when there is nothing. A folder that holds no cluster is left alone.
Status bring_down(const Layout& layout, bool keep_data);

}  // namespace plumb::cluster
