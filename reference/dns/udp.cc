#include "reference/dns/udp.h"

#include <sys/socket.h>

#include <array>
#include <cstring>

namespace plumb::dns {
namespace {

constexpr unsigned batch_size = 32, batches_in_a_row = 8;
constexpr std::size_t largest_request = 2048;  // what is longer is no question
constexpr std::size_t control_size = CMSG_SPACE(sizeof(in6_pktinfo));

struct Control {
  alignas(cmsghdr) char bytes[control_size];
};

void read_local(msghdr& header, UdpPeer& peer) {
  peer.has_local = false;
  for (cmsghdr* one = CMSG_FIRSTHDR(&header); one; one = CMSG_NXTHDR(&header, one)) {
    if (one->cmsg_level != IPPROTO_IPV6 || one->cmsg_type != IPV6_PKTINFO) continue;
    in6_pktinfo info;
    std::memcpy(&info, CMSG_DATA(one), sizeof info);
    peer.local = info.ipi6_addr;
    peer.has_local = true;
  }
}

void write_local(const UdpPeer& peer, Control& control, msghdr& header) {
  if (!peer.has_local) return;
  std::memset(&control, 0, sizeof control);
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  cmsghdr* one = CMSG_FIRSTHDR(&header);
  one->cmsg_level = IPPROTO_IPV6;
  one->cmsg_type = IPV6_PKTINFO;
  one->cmsg_len = CMSG_LEN(sizeof(in6_pktinfo));
  const in6_pktinfo info{peer.local, 0};
  std::memcpy(CMSG_DATA(one), &info, sizeof info);
}

bool is_v6(const sockaddr_storage& address) {
  return address.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
}

}  // namespace

struct UdpSocket::Batch {
  std::array<std::array<char, largest_request>, batch_size> requests;
  std::array<std::string, batch_size> replies;
  std::array<UdpPeer, batch_size> peers;
  std::array<Control, batch_size> controls;
  std::array<iovec, batch_size> parts;
  std::array<mmsghdr, batch_size> in, out;
};

UdpSocket::UdpSocket(std::shared_ptr<net::Reactor> reactor, int fd, Handler handler)
    : descriptor_(std::move(reactor), fd), handler_(std::move(handler)), batch_(std::make_unique<Batch>()) {}
UdpSocket::~UdpSocket() = default;

void UdpSocket::start() { descriptor_.wait_read(shared_from_this()); }
void UdpSocket::close() { descriptor_.close(); }

void UdpSocket::on_readable() {
  Batch& b = *batch_;
  for (unsigned round = 0; round < batches_in_a_row; ++round) {
    for (unsigned i = 0; i < batch_size; ++i) {
      b.parts[i] = {b.requests[i].data(), largest_request};
      b.in[i].msg_hdr = {&b.peers[i].address, sizeof b.peers[i].address, &b.parts[i], 1, b.controls[i].bytes, control_size, 0};
    }
    const int count = recvmmsg(descriptor_.fd(), b.in.data(), batch_size, MSG_DONTWAIT, nullptr);
    if (count <= 0) break;
    unsigned answers = 0;
    for (unsigned i = 0; i < static_cast<unsigned>(count); ++i) {
      msghdr& header = b.in[i].msg_hdr;
      if (header.msg_flags & MSG_TRUNC) continue;
      UdpPeer& peer = b.peers[i];
      peer.size = header.msg_namelen;
      peer.v6 = is_v6(peer.address);
      read_local(header, peer);
      b.replies[i].clear();
      handler_({b.requests[i].data(), b.in[i].msg_len}, peer, b.replies[i]);
      if (!descriptor_.open()) return;
      if (b.replies[i].empty()) continue;
      b.parts[i] = {b.replies[i].data(), b.replies[i].size()};
      b.out[answers].msg_hdr = {&peer.address, peer.size, &b.parts[i], 1, nullptr, 0, 0};
      write_local(peer, b.controls[i], b.out[answers].msg_hdr);
      ++answers;
    }
    // What one client cannot be sent is skipped; a full buffer drops the rest, as UDP may.
    for (unsigned sent = 0; sent < answers;) {
      const int more = sendmmsg(descriptor_.fd(), b.out.data() + sent, answers - sent, MSG_DONTWAIT);
      if (more < 0 && errno == EAGAIN) break;
      sent += more > 0 ? static_cast<unsigned>(more) : 1u;
    }
    if (count < static_cast<int>(batch_size)) break;
  }
  descriptor_.wait_read(shared_from_this());
}

void UdpSocket::send(const UdpPeer& peer, std::string_view reply) {
  if (!descriptor_.open()) return;
  UdpPeer to = peer;
  iovec part{const_cast<char*>(reply.data()), reply.size()};
  msghdr header{&to.address, to.size, &part, 1, nullptr, 0, 0};
  Control control;
  write_local(to, control, header);
  (void)sendmsg(descriptor_.fd(), &header, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace plumb::dns
