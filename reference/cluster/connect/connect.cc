#include "reference/cluster/connect/connect.h"

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/client/kubeconfig.h"
#include "harness/net/client.h"
#include "reference/informer/https.h"

namespace plumb::cluster {
namespace {

constexpr std::size_t longest_token = 64 << 10;

Result<std::shared_ptr<net::HttpClient>> open(const client::Config& config, const std::string& certificate, const std::string& key) {
  net::ClientOptions options;
  options.endpoint = PLUMB_TRY(net::parse_url(config.server)).endpoint;
  options.tls = net::TlsClientOptions{config.ca, certificate, key, config.tls_server_name, config.insecure};
  return net::HttpClient::create(std::move(options));
}

// A token in a pod is replaced in its file before it ends. Calls are few: watches last.
std::function<std::string()> token_of(const client::Credentials& user) {
  if (user.token_file.empty()) return [token = user.token] { return token; };
  return [file = user.token_file] {
    const auto text = read_file(file, longest_token);
    return text.ok() ? std::string(trim(*text)) : std::string();
  };
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
  https.token = token_of(config.user);
  https.user_agent = user_agent;
  return Connection{informer::make_https_client(std::move(https)), config.ca, {config.ca, config.user.client_certificate, config.user.client_key, {}, false}};
}

}  // namespace plumb::cluster
