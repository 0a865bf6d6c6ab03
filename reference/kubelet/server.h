// The kubelet's own API, over TLS: logs, exec, attach and port-forward of its pods, their list, health, metrics, stats.
//
// Callers show a client certificate of the cluster's CA or a bearer token. The users and groups that are named may do everything; of others
// the API server is asked whether they may use that subresource of the Node (stats, metrics, pods, proxy). /healthz is for everybody.
// exec, attach and port-forward are the runtime's own streaming server, reached through a tunnel: SPDY and WebSocket (v4) as the client
// asks. Newer WebSocket protocols are refused with 400, upon which kubectl goes on with SPDY.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "harness/net/tls.h"
#include "reference/informer/client.h"
#include "reference/kubelet/pod_workers.h"
#include "reference/kubelet/usage.h"

namespace plumb::kubelet {

struct ServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 10250;
  net::TlsServerOptions tls;
  std::set<std::string> users = {"system:kube-apiserver:kubelet-client", "kube-apiserver-kubelet-client"}, groups = {"system:masters"};
  informer::Client* reviews = nullptr;  // asks the API server, as the node; none: nobody but those who are named
  std::string node_name;
  // What the node itself uses; pods and their containers are left out. Unset: nothing is known but the pods.
  std::function<NodeUsage()> node_usage;
  std::function<std::string(const corev1::Pod& pod)> log_dir;
};

class KubeletServer {
 public:
  // Pods, runtime and executor outlive it; call stop() before any of them goes.
  static Result<std::unique_ptr<KubeletServer>> start(ServerOptions options, PodWorkers& pods, cri::Runtime& runtime, Executor& executor, Clock& clock);
  ~KubeletServer();
  std::uint16_t port() const;
  void stop();

 private:
  class Core;
  explicit KubeletServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::kubelet
