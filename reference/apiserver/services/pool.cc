#include "reference/apiserver/services/pool.h"

#include <algorithm>

#include "harness/base/random.h"

namespace plumb::apiserver {
namespace {

constexpr PoolNumber least_reserved = 16;

PoolNumber reserve(PoolNumber size, PoolNumber share, PoolNumber most) {
  if (size <= least_reserved) return 0;
  return std::clamp(size / share, least_reserved, most);
}

std::optional<PoolNumber> choose_in(PoolNumber first, PoolNumber size, const std::function<bool(PoolNumber)>& taken) {
  if (size == 0) return std::nullopt;
  PoolNumber start = 0;
  for (const char byte : random_bytes(8)) start = start << 8 | static_cast<unsigned char>(byte);
  start %= size;
  for (PoolNumber step = 0; step < size; ++step)
    if (const PoolNumber number = first + (start + step) % size; !taken(number)) return number;
  return std::nullopt;
}

}  // namespace

std::optional<PoolNumber> Pool::choose(const std::function<bool(PoolNumber)>& taken) const {
  if (const auto upper = choose_in(first + reserved, size - reserved, taken)) return upper;
  return choose_in(first, reserved, taken);
}

Pool address_pool(const api::IpRange& range) {
  const PoolNumber all = range.last() - range.network.number + 1;  // 0: every address there is
  const PoolNumber unusable = range.network.v6 ? 1 : 2;
  if (all != 0 && all <= unusable) return {range.network.number + 1, 0, 0};
  return {range.network.number + 1, all - unusable, reserve(all == 0 ? ~PoolNumber{0} : all, 16, 256)};
}

Pool port_pool(std::int32_t first, std::int32_t last) {
  const PoolNumber size = static_cast<PoolNumber>(last - first + 1);
  return {static_cast<PoolNumber>(first), size, reserve(size, 32, 128)};
}

}  // namespace plumb::apiserver
