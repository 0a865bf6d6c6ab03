#include "reference/api/text/ip.h"

#include <arpa/inet.h>

#include "harness/base/encoding.h"

namespace plumb::api {
namespace {

IpNumber host_mask(bool v6, int bits) {
  const int free = (v6 ? 128 : 32) - bits;
  return free >= 128 ? ~IpNumber{0} : (IpNumber{1} << free) - 1;
}

}  // namespace

std::optional<Ip> Ip::parse(std::string_view text) {
  const bool v6 = text.find(':') != text.npos;
  unsigned char bytes[16];
  if (inet_pton(v6 ? AF_INET6 : AF_INET, std::string(text).c_str(), bytes) != 1) return std::nullopt;
  Ip ip{v6, 0};
  for (int i = 0; i < (v6 ? 16 : 4); ++i) ip.number = ip.number << 8 | bytes[i];
  return ip;
}

std::string Ip::text() const {
  const int size = v6 ? 16 : 4;
  unsigned char bytes[16];
  for (int i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(number >> 8 * (size - 1 - i));
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes, text, sizeof text);
  return text;
}

std::optional<IpRange> IpRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto ip = Ip::parse(text.substr(0, slash));
  const auto bits = parse_int(text.substr(slash + 1));
  if (!ip || !bits || *bits < 0 || *bits > (ip->v6 ? 128 : 32)) return std::nullopt;
  const int kept = static_cast<int>(*bits);
  return IpRange{{ip->v6, ip->number & ~host_mask(ip->v6, kept)}, kept};
}

IpNumber IpRange::last() const { return network.number | host_mask(network.v6, bits); }

}  // namespace plumb::api
