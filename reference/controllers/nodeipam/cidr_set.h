// A range of pods' addresses, cut into ranges of nodes of one size: which of them are taken.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reference/api/text/ip.h"

namespace plumb::controllers::nodeipam {

class CidrSet {
 public:
  // nullopt: the ranges would be larger than the whole, or too many.
  static std::optional<CidrSet> cut(const api::IpRange& cluster, int node_bits);

  const api::IpRange& cluster() const { return cluster_; }
  // Every range that has an address of `range` in it. As often as it is taken it must be released.
  void take(const api::IpRange& range) { count(range, +1); }
  void release(const api::IpRange& range) { count(range, -1); }
  // The free one after the last that was given out, for one that goes is not to come back at once with another node's pods. Takes it.
  std::optional<api::IpRange> take_next();

 private:
  void count(const api::IpRange& range, int by);
  api::IpRange at(std::size_t i) const { return {{cluster_.network.v6, cluster_.network.number + (api::IpNumber{i} << host_bits_)}, node_bits_}; }

  api::IpRange cluster_;
  int node_bits_ = 0, host_bits_ = 0;
  std::vector<std::uint16_t> takers_;
  std::size_t next_ = 0;
};

}  // namespace plumb::controllers::nodeipam
