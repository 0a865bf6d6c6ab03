// The transport to an API server elsewhere: HTTP/2 where the server speaks it, protobuf bodies, any number of calls in flight on few
// connections. Callbacks run on the reactor of the HTTP client.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "reference/informer/client.h"

namespace plumb::net {
class HttpClient;
}

namespace plumb::informer {

struct HttpsOptions {
  std::shared_ptr<net::HttpClient> http;  // carries the endpoint and the TLS identity
  std::function<std::string()> token;     // asked for each call, sent when not empty, never logged; must not block
  std::function<void()> unauthorized;     // told when the server answers 401
  std::string host;                       // of the server, for metrics: "10.0.0.1:6443"
  std::string user_agent = "plumbd";
  Duration timeout = std::chrono::seconds(30);  // of a call; a watch has none
};

std::unique_ptr<Client> make_https_client(HttpsOptions options);

}  // namespace plumb::informer
