// Socket addresses of name servers and clients: IPv4 and IPv6.
#pragma once

#include <netinet/in.h>

#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace plumb::dns {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
  std::string text() const;  // "10.0.0.1:53", "[fd00::1]:53"
};
// "10.0.0.1", "10.0.0.1:53", "fd00::1", "[fd00::1]:53"; the port is 53 otherwise.
Result<SocketAddress> parse_server(std::string_view text);
SocketAddress make_address(bool v6, const void* octets, std::uint16_t port);

}  // namespace plumb::dns
