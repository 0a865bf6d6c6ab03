// Aggregation: what an APIService names another server for is passed on to it, for the user that this server has authenticated and
// authorized. The other server knows this one by its front-proxy certificate and reads the user from headers (upstream's authenticating
// proxy). Its availability, and where it is, come from AvailabilityWatch.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "harness/net/client.h"
#include "reference/apiserver/aggregation/availability_watch.h"
#include "reference/apiserver/http/handler.h"

namespace plumb::apiserver {

struct AggregationOptions {
  // The front-proxy client certificate and its key, PEM; without them the other servers see no proxy they could trust.
  std::string proxy_client_certificate, proxy_client_key;
};

class Aggregator final : public Delegate {
 public:
  Aggregator(Registry& registry, Clock& clock, AggregationOptions options);
  ~Aggregator() override;

  // The APIServices of what this server serves itself, made or set right. Blocks.
  Status ensure_local_services();
  void start() { availability_.start(); }

  bool take(const CallPtr& call) override;
  ForeignPtr foreign() const { return availability_.table(); }

 private:
  void pass_on(const CallPtr& call, const ForeignVersion& foreign);
  void ask(const net::Endpoint& endpoint, const std::string& path, AvailabilityWatch::Asked asked);
  Result<std::shared_ptr<net::HttpClient>> client(const apiregistrationv1::APIService& service, const net::Endpoint& endpoint);
  Result<std::shared_ptr<net::HttpClient>> connect(const net::Endpoint& endpoint, net::TlsClientOptions tls);

  Registry& registry_;
  Clock& clock_;
  const AggregationOptions options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<net::HttpClient>> clients_;  // by how and where they connect; at most clients_limit
  std::atomic<std::size_t> turn_{0};
  AvailabilityWatch availability_;
};

}  // namespace plumb::apiserver
