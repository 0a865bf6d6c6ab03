#include "reference/controllers/nodeipam/cidr_set.h"

#include <algorithm>

namespace plumb::controllers::nodeipam {
namespace {

// More would take more memory than any cluster has nodes for; Kubernetes has the same limit for IPv6.
constexpr int most_bits_v4 = 24, most_bits_v6 = 16;

}  // namespace

std::optional<CidrSet> CidrSet::cut(const api::IpRange& cluster, int node_bits) {
  const bool v6 = cluster.network.v6;
  const int width = v6 ? 128 : 32, bits = node_bits - cluster.bits;
  if (bits < 0 || bits > (v6 ? most_bits_v6 : most_bits_v4) || node_bits > width) return std::nullopt;
  CidrSet set;
  set.cluster_ = cluster;
  set.node_bits_ = node_bits;
  set.host_bits_ = width - node_bits;
  set.takers_.resize(std::size_t{1} << bits);
  return set;
}

std::optional<api::IpRange> CidrSet::take_next() {
  for (std::size_t tried = 0; tried < takers_.size(); ++tried) {
    const std::size_t i = (next_ + tried) % takers_.size();
    if (takers_[i] != 0) continue;
    takers_[i] = 1;
    next_ = (i + 1) % takers_.size();
    return at(i);
  }
  return std::nullopt;
}

void CidrSet::count(const api::IpRange& range, int by) {
  if (!range.overlaps(cluster_)) return;
  const auto index = [&](api::IpNumber number) { return static_cast<std::size_t>((number - cluster_.network.number) >> host_bits_); };
  const std::size_t first = index(std::max(range.network.number, cluster_.network.number)), last = index(std::min(range.last(), cluster_.last()));
  for (std::size_t i = first; i <= last; ++i) takers_[i] = static_cast<std::uint16_t>(takers_[i] + by);
}

}  // namespace plumb::controllers::nodeipam
