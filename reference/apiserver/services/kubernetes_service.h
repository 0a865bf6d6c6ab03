// What leads clients inside the cluster to the API server: the ServiceCIDR of the flags and the Service default/kubernetes on its first
// address, both made when they are missing and never changed, and the Service's Endpoints and EndpointSlice with the address of every API
// server that lives: each holds a key under /registry/masterleases, as upstream's, which vanishes 15 s after it was last renewed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reference/api/text/ip.h"
#include "reference/api/types/corev1.h"
#include "reference/apiserver/registry/own_calls.h"

namespace plumb::apiserver {

class KubernetesService {
 public:
  struct Options {
    std::vector<api::IpRange> ranges;   // of services, the default family's first
    std::optional<api::Ip> advertised;  // where clients reach this server; unset: it names no endpoint
    std::uint16_t port = 6443;
  };
  KubernetesService(OwnCalls calls, store::Store& store, Options options) : calls_(std::move(calls)), store_(store), options_(std::move(options)) {}

  // The ServiceCIDR: before anything can get an address. Blocks.
  Status ensure_range();
  // Makes what is missing, renews this server's key, and writes the endpoints anew when they are not as the keys say. Every 10 s. Blocks.
  Status renew();
  // This server goes: the others' endpoints stay. Blocks.
  void leave();

 private:
  Status ensure_service();
  Status renew_key();
  Result<std::vector<std::string>> living() const;
  Status write_endpoints(const std::vector<std::string>& addresses);
  Status write_slice(const corev1::Endpoints& endpoints);

  OwnCalls calls_;
  store::Store& store_;
  const Options options_;
  store::LeaseId lease_ = 0;
};

}  // namespace plumb::apiserver
