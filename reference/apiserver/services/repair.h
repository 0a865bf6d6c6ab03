// Finds what does not fit between Services, their addresses and their node ports, says so in events, and mends what can be mended: what an
// operator changed by hand, or another API server left behind. Upstream's reasons and rules; every three minutes. Blocks.
#pragma once

#include <map>

#include "reference/api/types/corev1.h"
#include "reference/api/types/networkingv1.h"
#include "reference/apiserver/registry/own_calls.h"
#include "reference/apiserver/services/node_ports.h"

namespace plumb::apiserver {

// Each cluster IP of a Service is the name of an IPAddress that refers to it, and the other way round.
class RepairAddresses {
 public:
  explicit RepairAddresses(OwnCalls calls) : calls_(std::move(calls)) {}
  void run();

 private:
  void look_at(const corev1::Service& service, const api::Str& ip);
  void look_at(const networkingv1::IPAddress& address);
  bool in_a_range(const api::Ip& ip) const;
  void recreate(const api::Ip& ip, const corev1::Service& service);
  void complain(const api::Object& about, std::string_view reason, const std::string& message);

  OwnCalls calls_;
};

// The ports given out are those that Services have. One that no Service has is freed at the third run that sees it so: it may be of a
// Service that is only being made.
class RepairNodePorts {
 public:
  RepairNodePorts(OwnCalls calls, store::Store& store, NodePorts& ports) : calls_(std::move(calls)), store_(store), ports_(ports) {}
  Status run();

 private:
  std::set<std::int32_t> used(const NodePorts::Change& seen);
  bool is_given_out(std::int32_t port);
  void complain(const corev1::Service& service, std::string_view reason, const std::string& message);

  OwnCalls calls_;
  store::Store& store_;
  NodePorts& ports_;
  std::map<std::int32_t, int> leaks_;  // and how often each may be seen again before it is freed
};

}  // namespace plumb::apiserver
