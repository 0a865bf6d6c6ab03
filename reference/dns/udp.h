// One UDP socket of a server: many packets a system call, answers from the address that was asked. Reactor thread only.
#pragma once

#include <netinet/in.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/net/descriptor.h"
#include "reference/dns/address.h"

namespace plumb::dns {

// Who asked, and at which of our addresses.
struct UdpPeer {
  sockaddr_storage address;
  socklen_t size = 0;
  in6_addr local;  // of a v4 address the form mapped to v6
  bool has_local = false;
  bool v6 = false;
};

class UdpSocket final : public net::detail::ReadySink, public std::enable_shared_from_this<UdpSocket> {
 public:
  // Fills `reply`; left empty, nothing is sent now.
  using Handler = std::function<void(std::string_view request, const UdpPeer& peer, std::string& reply)>;
  // Owns `fd`, which is bound and does not block.
  UdpSocket(std::shared_ptr<net::Reactor> reactor, int fd, Handler handler);
  ~UdpSocket() override;
  void start();
  void close();
  // An answer that took longer.
  void send(const UdpPeer& peer, std::string_view reply);

  void on_readable() override;
  void on_writable() override {}

 private:
  struct Batch;
  net::detail::Descriptor descriptor_;
  const Handler handler_;
  std::unique_ptr<Batch> batch_;
};

}  // namespace plumb::dns
