// How a pool of addresses or ports is divided: what nobody asked for by name comes from the upper part, so that the lower one stays free
// for those who do (KEP-3070); the lower one is used when the upper one is full.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "reference/api/text/ip.h"

namespace plumb::apiserver {

using PoolNumber = api::IpNumber;

struct Pool {
  PoolNumber first = 0, size = 0, reserved = 0;  // of the lower part

  PoolNumber last() const { return first + size - 1; }
  bool has(PoolNumber number) const { return number >= first && number - first < size; }
  // One that `taken` says is free: from a random place on, around the part.
  std::optional<PoolNumber> choose(const std::function<bool(PoolNumber)>& taken) const;
};

// The addresses of a range that services may have: not the first, and of IPv4 not the last. A 16th, from 16 to 256, is reserved.
Pool address_pool(const api::IpRange& range);
// A 32nd of the ports, from 16 to 128, is reserved.
Pool port_pool(std::int32_t first, std::int32_t last);

}  // namespace plumb::apiserver
