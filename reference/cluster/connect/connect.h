// A client over HTTPS from a kubeconfig; without one, in a pod, as the pod's service account (its token is read again as it rotates).
#pragma once

#include <memory>
#include <string>

#include "harness/net/tls.h"
#include "reference/informer/client.h"

namespace plumb::net {
class HttpClient;
}

namespace plumb::cluster {

struct Connection {
  std::unique_ptr<informer::Client> client;
  std::string ca_pem;
  net::TlsClientOptions identity;  // the client certificate, if the kubeconfig names one, and the CA
};
Result<Connection> connect(const std::string& kubeconfig, const std::string& user_agent);
// To the same server without the kubeconfig's identity: for calls that carry a token of their own.
Result<std::shared_ptr<net::HttpClient>> connect_without_identity(const std::string& kubeconfig);

}  // namespace plumb::cluster
