// IP addresses and ranges of both families, as API objects spell them, and as numbers to count with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plumb::api {

__extension__ using IpNumber = unsigned __int128;

struct Ip {
  bool v6 = false;
  IpNumber number = 0;

  static std::optional<Ip> parse(std::string_view text);
  // The canonical text: what an IPAddress object is named.
  std::string text() const;
  // "IPv4" or "IPv6", as Services name families.
  std::string_view family() const { return v6 ? "IPv6" : "IPv4"; }
  friend bool operator==(const Ip&, const Ip&) = default;
};

struct IpRange {
  Ip network;  // the lowest address
  int bits = 0;

  // "10.96.0.0/16"; bits below the mask are dropped.
  static std::optional<IpRange> parse(std::string_view text);
  std::string text() const { return network.text() + "/" + std::to_string(bits); }
  IpNumber last() const;
  bool contains(const Ip& ip) const { return ip.v6 == network.v6 && ip.number >= network.number && ip.number <= last(); }
  bool overlaps(const IpRange& other) const { return contains(other.network) || other.contains(network); }
};

}  // namespace plumb::api
