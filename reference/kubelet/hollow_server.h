// The kubelets' API of simulated nodes: one server for all of them, since one process is all of them. Every node has an address of its own on
// this machine (127.18.0.0/15), and the request's Host says which node is meant. It serves what simulated nodes have: their usage and pods.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "harness/base/clock.h"
#include "harness/net/tls.h"
#include "reference/informer/client.h"
#include "reference/kubelet/usage.h"

namespace plumb::kubelet {

// What the certificate of the server is for.
inline constexpr char kHollowServerName[] = "hollow-nodes";

std::string hollow_address(int index);
// nullopt: no address of a simulated node. Takes "127.18.0.7:10250", too.
std::optional<int> hollow_index(std::string_view host);

struct HollowServerOptions {
  std::string address = "0.0.0.0";
  std::uint16_t port = 0;
  net::TlsServerOptions tls;
};

class HollowServer {
 public:
  // `reviews` asks the API server whether callers may read, and outlives this.
  static Result<std::unique_ptr<HollowServer>> start(HollowServerOptions options, informer::Client& reviews, Clock& clock);
  ~HollowServer();
  std::uint16_t port() const;
  // From now on until serve({}): asked on the server's thread; nullopt where there is no such node.
  using Source = std::function<std::optional<NodeUsage>(int index)>;
  void serve(Source source);

 private:
  struct Core;
  explicit HollowServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;
};

}  // namespace plumb::kubelet
