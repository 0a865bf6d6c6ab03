// A node on this machine: a process 1 in network, mount, pid, uts, ipc and cgroup namespaces of its own, with its own containerd and pod
// network, which looks to what runs inside like a machine of its own:
//   /var/lib, /var/log, /tmp  folders under <dir>/nodes/<name>/; they survive the node's end, as a disk does
//   /run                      empty at each start
//   /sys/fs/cgroup            the node's own part of every hierarchy as its root
//   /run/containerd/containerd.sock, /run/cni/net.d (bridge cni0, host-local, portmap), /usr/lib/cni
// Everything else is the host's file system. The cluster's folder and the folder of the program keep their paths.
//
// Process 1 is `plumbd node-init`. It starts containerd, imports images, starts the services, starts each of them again when it ends, and
// reaps orphans. Killing it ends every process of the node. It lives on when the program that created it ends.
#pragma once

#include <string>
#include <vector>

#include "harness/base/process.h"
#include "reference/cluster/node/host_network.h"

namespace plumb::cluster {

inline constexpr char kPodBridge[] = "cni0";

struct NodeService {
  std::string name;  // also of its log: <dir>/nodes/<node>/<name>.log
  std::vector<std::string> args;
  std::map<std::string, std::string> env;
};

struct NodeRoute {
  std::string cidr, via;
};

struct NodeSpec {
  ClusterId cluster;
  int index = 0;
  std::string name;      // also the host name
  std::string node_ip, gateway, pod_cidr;
  std::vector<NodeRoute> routes;                // to the pods of the other nodes
  std::string sandbox_image;
  std::vector<std::string> image_archives;      // imported once each
  std::vector<NodeService> services;            // started after containerd, in order
  std::string program;                          // plumbd; the running program when empty
  bool containerd = true;
};

// Spec of node `index` of `count` in a network, named "<cluster>-node-<index>" unless `name` is given.
NodeSpec node_spec(const ClusterId& cluster, const NetworkPlan& plan, int index, int count, std::string name = {});

class NodeMachine {
 public:
  // Needs root and the cluster's host network. already_exists when the node runs. Answers when process 1 is up; see wait_ready.
  static Result<NodeMachine> create(const NodeSpec& spec);
  // A node that runs; not_found when it does not.
  static Result<NodeMachine> find(const ClusterId& cluster, const std::string& name);

  // Until containerd answers, the images are there and the services are started.
  Status wait_ready(Duration limit = std::chrono::seconds(30)) const;

  const std::string& name() const { return name_; }
  pid_t pid() const { return id_.pid; }
  bool running() const { return is_running(id_); }
  std::string dir() const { return node_dir(cluster_, name_); }
  // A path inside the node, as the host sees it while the node runs: "/run/x" is "/proc/<pid>/root/run/x".
  std::string path_from_host(const std::string& inside) const { return "/proc/" + std::to_string(id_.pid) + "/root" + inside; }
  std::string containerd_socket() const { return path_from_host("/run/containerd/containerd.sock"); }

  // To start a program inside with Child::spawn. It ends with the node.
  std::vector<std::string> command_inside(const std::vector<std::string>& args) const;
  Result<std::string> run(const std::vector<std::string>& args, const CaptureOptions& options = {}) const;

  // The power cord: SIGKILL to process 1. The node's files stay.
  Status kill() const;

 private:
  NodeMachine(ClusterId cluster, std::string name, ProcessId id) : cluster_(std::move(cluster)), name_(std::move(name)), id_(id) {}
  ClusterId cluster_;
  std::string name_;
  ProcessId id_;
};

// Ends and removes one node: processes, link, route, cgroup, and with `remove_data` its folder. Idempotent; the node need not run.
Status destroy_node(const ClusterId& cluster, const std::string& name, bool remove_data);

// Removes everything of a cluster from the host but the folder itself and other parts' files in it: processes named by <dir>/*.pid and
// <dir>/nodes/*/pid, whatever runs in its cgroups, links, routes, nft table, cgroups, mounts below <dir>, and with `remove_data` the nodes'
// folders and network.json. Works from name and folder alone, also when all its processes were killed. Idempotent.
Status cleanup(const ClusterId& cluster, bool remove_data);

}  // namespace plumb::cluster
