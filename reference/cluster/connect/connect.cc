#include "reference/cluster/control_plane/connect.h"

#include "harness/client/kubeconfig.h"
#include "harness/net/client.h"
#include "reference/informer/https.h"

namespace plumb::cluster {
namespace {

Result<std::shared_ptr<net::HttpClient>> open(const client::Config& config, const std::string& certificate, const std::string& key) {
  net::ClientOptions options;
  options.endpoint = PLUMB_TRY(net::parse_url(config.server)).endpoint;
  options.tls = net::TlsClientOptions{config.ca, certificate, key, config.tls_server_name, config.insecure};
  return net::HttpClient::create(std::move(options));
}

// "https://10.0.0.1:6443/" is "10.0.0.1:6443".
std::string host_of(std::string server) {
  if (const auto scheme = server.find("://"); scheme != std::string::npos) server.erase(0, scheme + 3);
  return server.substr(0, server.find('/'));
}

}  // namespace

Result<std::shared_ptr<net::HttpClient>> connect_without_identity(const std::string& kubeconfig) {
  const client::Config config = PLUMB_TRY(client::load_config({kubeconfig, {}}));
  return open(config, {}, {});
}

Result<Connection> connect(const std::string& kubeconfig, const std::string& user_agent) {
  const client::Config config = PLUMB_TRY(client::load_config({kubeconfig, {}}));
  informer::HttpsOptions https;
  https.http = PLUMB_TRY(open(config, config.user.client_certificate, config.user.client_key));
  https.host = host_of(config.server);
  https.token = [token = config.user.token] { return token; };
  https.user_agent = user_agent;
  return Connection{informer::make_https_client(std::move(https)), config.ca, {config.ca, config.user.client_certificate, config.user.client_key, {}, false}};
}

}  // namespace plumb::cluster
