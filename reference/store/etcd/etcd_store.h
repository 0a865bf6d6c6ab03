// The store in an etcd cluster, over its v3 API. See reference/store/store.h for what it promises.
//
// Several endpoints: one is used until it cannot be reached, then the next. Reads are tried on each in turn; a write that fails with
// `unavailable` is not repeated, since it may have happened. Watches reconnect by themselves and go on after the last revision they saw.
// Leases are etcd's, and so is their time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/net/tls.h"
#include "reference/store/store.h"

namespace plumb::store {

struct EtcdOptions {
  std::vector<std::string> endpoints;  // "host:port", "http://host:port" or, where `tls` is set, "https://host:port"
  std::optional<net::TlsClientOptions> tls;
  Duration request_timeout = std::chrono::seconds(10);
};

// Errors: `invalid_argument` for a malformed endpoint, `unavailable` when none of them answers within the request timeout.
Result<std::unique_ptr<Store>> open_etcd(EtcdOptions options);

}  // namespace plumb::store
