// The kubelet's own API, over TLS: logs, exec, attach and port-forward of its pods, their list, health, metrics, stats.
//
// Callers show a client certificate of the cluster's CA; only the users and groups that are named may ask for more than /healthz.
// exec, attach and port-forward are the runtime's own streaming server, reached through a tunnel: SPDY and WebSocket (v4) as the client
// asks. Newer WebSocket protocols are refused with 400, upon which kubectl goes on with SPDY.
#pragma once

#include <memory>
#include <set>
#include <string>

#include "harness/net/tls.h"
#include "reference/kubelet/pod_workers.h"

namespace plumb::kubelet {

struct ServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 10250;
  net::TlsServerOptions tls;
  std::set<std::string> users = {"system:kube-apiserver:kubelet-client", "kube-apiserver-kubelet-client"}, groups = {"system:masters"};
  std::string node_name;
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
