#include "reference/dns/address.h"

#include <arpa/inet.h>

#include <cstring>

#include "harness/base/encoding.h"

namespace plumb::dns {
namespace {

constexpr std::uint16_t dns_port = 53;

}  // namespace

SocketAddress make_address(bool v6, const void* octets, std::uint16_t port) {
  SocketAddress made;
  if (v6) {
    auto& in = reinterpret_cast<sockaddr_in6&>(made.storage);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, octets, sizeof in.sin6_addr);
    made.size = sizeof in;
  } else {
    auto& in = reinterpret_cast<sockaddr_in&>(made.storage);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, octets, sizeof in.sin_addr);
    made.size = sizeof in;
  }
  return made;
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET6) {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(storage);
    inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(in.sin6_port));
  }
  const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
  inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(in.sin_port));
}

Result<SocketAddress> parse_server(std::string_view text) {
  const auto refuse = [&] { return fail(plumb::Code::invalid_argument, "\"" + std::string(text) + "\" is not the address of a name server, such as 10.0.0.1, 10.0.0.1:53 or [fd00::1]:53"); };
  std::string host(text);
  long port = dns_port;
  const auto close = host.find(']');
  const bool bracketed = !host.empty() && host.front() == '[' && close != std::string::npos;
  const auto colon = bracketed ? (close + 1 < host.size() && host[close + 1] == ':' ? close + 1 : std::string::npos) : host.find(':') == host.rfind(':') ? host.find(':') : std::string::npos;
  if (colon != std::string::npos) port = parse_int(host.substr(colon + 1)).value_or(0);
  if (bracketed) host = host.substr(1, close - 1);
  else host = host.substr(0, colon);
  if (port < 1 || port > 65535) return refuse();
  std::uint8_t octets[16];
  for (const bool v6 : {false, true})
    if (inet_pton(v6 ? AF_INET6 : AF_INET, host.c_str(), octets) == 1) return make_address(v6, octets, static_cast<std::uint16_t>(port));
  return refuse();
}

}  // namespace plumb::dns
