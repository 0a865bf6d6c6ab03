#include "reference/proxy/conntrack.h"

#include <arpa/inet.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

namespace plumb::proxy {
namespace {

struct Close {
  void operator()(nfct_handle* handle) const { nfct_close(handle); }
};
using Handle = std::unique_ptr<nfct_handle, Close>;

struct Destroy {
  void operator()(nf_conntrack* flow) const { nfct_destroy(flow); }
};
using FlowPtr = std::unique_ptr<nf_conntrack, Destroy>;

api::Ip ip_of(const nf_conntrack* flow, nf_conntrack_attr v4, nf_conntrack_attr v6, Family family) {
  api::Ip ip{family == Family::ipv6, 0};
  if (family == Family::ipv4) {
    ip.number = ntohl(nfct_get_attr_u32(flow, v4));
  } else if (const auto* bytes = static_cast<const unsigned char*>(nfct_get_attr(flow, v6))) {
    for (int i = 0; i < 16; ++i) ip.number = ip.number << 8 | bytes[i];
  }
  return ip;
}

struct Search {
  const std::function<bool(const Flow&)>& stale;
  Family family;
  std::vector<FlowPtr> found = {};
};

int look_at(nf_conntrack_msg_type, nf_conntrack* flow, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (nfct_get_attr_u8(flow, ATTR_L4PROTO) != IPPROTO_UDP) return NFCT_CB_CONTINUE;
  const Flow seen{{ip_of(flow, ATTR_IPV4_DST, ATTR_IPV6_DST, search.family), ntohs(nfct_get_attr_u16(flow, ATTR_PORT_DST))},
                  {ip_of(flow, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC, search.family), ntohs(nfct_get_attr_u16(flow, ATTR_REPL_PORT_SRC))}};
  if (search.stale(seen)) search.found.emplace_back(nfct_clone(flow));
  return NFCT_CB_CONTINUE;
}

class LibConntrack final : public Conntrack {
 public:
  // One handle reads and another removes: they have callbacks and sequence numbers of their own.
  LibConntrack(Handle reader, Handle remover) : reader_(std::move(reader)), remover_(std::move(remover)) {}
  Result<int> remove_udp(Family family, const std::function<bool(const Flow&)>& stale) override {
    Search search{stale, family};
    std::uint32_t number = family == Family::ipv4 ? AF_INET : AF_INET6;
    nfct_callback_register(reader_.get(), NFCT_T_ALL, look_at, &search);
    const int read = nfct_query(reader_.get(), NFCT_Q_DUMP, &number);
    nfct_callback_unregister(reader_.get());
    if (read < 0) return fail_errno("reading the kernel's connections");
    int removed = 0;
    for (const FlowPtr& flow : search.found) {
      if (flow && nfct_query(remover_.get(), NFCT_Q_DESTROY, flow.get()) == 0) ++removed;
      else if (errno != ENOENT) return fail_errno("removing a UDP connection of an endpoint that is gone");
    }
    return removed;
  }

 private:
  Handle reader_, remover_;
};

bool allowed(const std::set<Target>& targets, const Target& target) { return targets.contains(target); }

}  // namespace

bool is_stale(const Flow& flow, const UdpPlaces& places, const std::function<bool(const api::Ip&)>& is_node_address) {
  if (const auto place = places.addresses.find(flow.destination); place != places.addresses.end()) return !allowed(place->second, flow.answering);
  const auto port = places.node_ports.find(flow.destination.port);
  return port != places.node_ports.end() && is_node_address(flow.destination.ip) && !allowed(port->second, flow.answering);
}

Result<std::unique_ptr<Conntrack>> open_conntrack() {
  Handle reader(nfct_open(CONNTRACK, 0)), remover(nfct_open(CONNTRACK, 0));
  if (!reader || !remover) return fail_errno("opening the kernel's table of connections");
  return std::unique_ptr<Conntrack>(std::make_unique<LibConntrack>(std::move(reader), std::move(remover)));
}

}  // namespace plumb::proxy
