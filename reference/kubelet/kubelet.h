// A kubelet: one node of a cluster on this machine. Its process runs where the node's network is.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "reference/cri/runtime.h"
#include "reference/informer/client.h"
#include "reference/kubelet/server.h"

namespace plumb::kubelet {

struct KubeletOptions {
  std::string node_name, node_ip;
  std::string root_dir = "/var/lib/kubelet", pod_log_dir = "/var/log/pods", cgroup_root;
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local", resolv_conf = "/etc/resolv.conf";
  std::vector<std::string> node_labels;             // key=value
  std::vector<std::string> register_with_taints;    // key=value:effect
  int max_pods = 110;
  std::size_t max_threads = 128;   // calls to the runtime, hooks, probes and log readers at once
  ServerOptions server;            // none when server.tls has no certificate
};

class Kubelet {
 public:
  // The client acts as system:node:<name>. Runtime, client and clock outlive it. Adopts what runs, then answers; registration goes on.
  static Result<std::unique_ptr<Kubelet>> start(KubeletOptions options, informer::Client& client, cri::Runtime& runtime, Clock& clock);
  ~Kubelet();  // containers go on running

  std::uint16_t port() const;
  bool registered() const;

 private:
  class Core;
  explicit Kubelet(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace plumb::kubelet
