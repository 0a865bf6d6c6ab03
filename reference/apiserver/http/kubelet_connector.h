// Log, exec, attach, port-forward and proxy: finds the kubelet (or the pod) that a request is about and tunnels to it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "harness/net/client.h"
#include "reference/apiserver/http/handler.h"

namespace plumb::apiserver {

class KubeletConnector final : public Connector {
 public:
  // `tls`: the client certificate that kubelets know the API server by, and their CA.
  KubeletConnector(Registry& registry, net::TlsClientOptions tls) : registry_(registry), tls_(std::move(tls)) {}
  void connect(const CallPtr& call, const Resource& resource) override;

 private:
  void to_pod(const CallPtr& call);
  void proxy_to_pod(const CallPtr& call);
  void to_node(const CallPtr& call);
  void to_kubelet(const CallPtr& call, std::string_view node, std::string target);
  Result<std::shared_ptr<net::HttpClient>> client(const net::Endpoint& endpoint, bool tls, const std::string& server_name = {});

  Registry& registry_;
  const net::TlsClientOptions tls_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<net::HttpClient>> clients_;  // at most clients_limit
};

}  // namespace plumb::apiserver
