// A client over HTTPS from a kubeconfig.
#pragma once

#include <memory>
#include <string>

#include "reference/informer/client.h"

namespace plumb::cluster {

struct Connection {
  std::unique_ptr<informer::Client> client;
  std::string ca_pem;
};
Result<Connection> connect(const std::string& kubeconfig, const std::string& user_agent);

}  // namespace plumb::cluster
