#include "reference/controllers/servicelb/address_pool.h"

#include <algorithm>

#include "harness/base/encoding.h"

namespace plumb::controllers::servicelb {

Result<AddressPool> AddressPool::parse(std::string_view ranges) {
  AddressPool pool;
  for (const std::string_view text : split(ranges, ',')) {
    if (trim(text).empty()) continue;
    const auto whole = api::IpRange::parse(trim(text));
    if (!whole) return fail(Code::invalid_argument, std::string(text) + " is not a range of addresses, such as 10.0.254.0/24");
    if (pool.has(whole->network.family())) return fail(Code::invalid_argument, std::string(text) + " is the second range of " + std::string(whole->network.family()));
    Range range{*whole, whole->network.number, whole->last(), 0};
    if (range.last - range.first >= 3) {
      ++range.first;
      --range.last;
    }
    range.next = range.first;
    pool.ranges_.push_back(range);
  }
  return pool;
}

bool AddressPool::has(std::string_view family) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) { return range.whole.network.family() == family; });
}

const AddressPool::Range* AddressPool::range_of(const api::Ip& ip) const {
  for (const Range& range : ranges_)
    if (range.whole.network.v6 == ip.v6 && ip.number >= range.first && ip.number <= range.last) return &range;
  return nullptr;
}

bool AddressPool::contains(const api::Ip& ip) const { return range_of(ip) != nullptr; }

const std::string* AddressPool::holder(const api::Ip& ip) const {
  const auto found = holders_.find(Place(ip.v6, ip.number));
  return found == holders_.end() ? nullptr : &found->second;
}

std::vector<api::Ip> AddressPool::held(const std::string& key) const {
  const auto found = held_.find(key);
  return found == held_.end() ? std::vector<api::Ip>() : found->second;
}

bool AddressPool::take(const std::string& key, const api::Ip& ip) {
  if (!contains(ip)) return false;
  const auto [place, is_new] = holders_.try_emplace(Place(ip.v6, ip.number), key);
  if (is_new) held_[key].push_back(ip);
  return place->second == key;
}

std::optional<api::Ip> AddressPool::take_next(const std::string& key, std::string_view family) {
  for (Range& range : ranges_) {
    if (range.whole.network.family() != family) continue;
    // Of one more than are taken one is free, in a range that has so many.
    const api::IpNumber size = range.last - range.first + 1;
    const api::IpNumber tries = std::min<api::IpNumber>(size, holders_.size() + 1);
    for (api::IpNumber i = 0; i < tries; ++i) {
      const api::Ip ip{range.whole.network.v6, range.next};
      range.next = range.next == range.last ? range.first : range.next + 1;
      if (!holder(ip) && take(key, ip)) return ip;
    }
  }
  return std::nullopt;
}

bool AddressPool::keep_only(const std::string& key, const std::vector<api::Ip>& kept) {
  const auto found = held_.find(key);
  if (found == held_.end()) return false;
  auto& ips = found->second;
  const auto gone = std::remove_if(ips.begin(), ips.end(), [&](const api::Ip& ip) {
    if (std::find(kept.begin(), kept.end(), ip) != kept.end()) return false;
    holders_.erase(Place(ip.v6, ip.number));
    return true;
  });
  const bool freed = gone != ips.end();
  ips.erase(gone, ips.end());
  if (ips.empty()) held_.erase(found);
  return freed;
}

}  // namespace plumb::controllers::servicelb
