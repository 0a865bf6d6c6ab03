// The way to the API server over harness/net, for what libcurl does not do: load over a few HTTP/2 connections, and upgrades.
#pragma once

#include <memory>
#include <string>

#include "harness/base/result.h"
#include "harness/client/kubeconfig.h"
#include "harness/net/client.h"

namespace plumb::client {

struct HttpAccess {
  std::shared_ptr<net::HttpClient> client;
  net::Headers headers;  // of every request: who asks
  std::string prefix;    // of every target: the path of the server's URL
};

// `options` with the endpoint and TLS that `config` says. Runs the exec plug-in, if there is one. Fails on unusable TLS material, and where
// the kubeconfig asks for a proxy. Does not connect.
Result<HttpAccess> make_http_access(const Config& config, net::ClientOptions options);

}  // namespace plumb::client
