// The kernel's nftables, by libnftables in this process, in the network namespace that the thread has when it is opened.
#pragma once

#include <memory>
#include <string>

#include "harness/base/result.h"

namespace plumb::proxy {

class Nftables {
 public:
  virtual ~Nftables() = default;
  // Carries out commands in nft's syntax as one transaction: all or nothing. One thread at a time.
  virtual Status run(const std::string& commands) = 0;
};

// unavailable without the kernel's support, permission_denied without the right to change rules (CAP_NET_ADMIN).
Result<std::unique_ptr<Nftables>> open_nftables();

}  // namespace plumb::proxy
