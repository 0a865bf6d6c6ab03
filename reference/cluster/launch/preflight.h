// What must be there before a cluster is made or changed: said before anything is touched, in one sentence with the remedy.
#pragma once

#include "harness/base/result.h"
#include "reference/cluster/launch/config.h"

namespace plumb::cluster {

// A name becomes part of host names, folders and links: a DNS label of at most 40 characters.
Status check_name(const std::string& name);
// What was asked for makes sense by itself.
Status check_config(const ClusterConfig& config);
// What `wanted` changes of the cluster that is in the folder can be changed. `runs`: its control plane does.
Status check_change(const ClusterConfig& existing, const ClusterConfig& wanted, bool runs);
// Rights and programs that this machine lacks for it. `images`: the archives that nodes import.
Status check_machine(const ClusterConfig& config, const std::vector<std::string>& images);

}  // namespace plumb::cluster
