// Who may use an address and port, or a node port. Two Services may name the same external address: the first that came has it, and when it
// lets go, the next. Cluster addresses and node ports are given out once, but a new Service may be seen before the old one's end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/string_map.h"
#include "reference/proxy/service_port.h"

namespace plumb::proxy {

class Claims {
 public:
  // The places that a Service claims from now on; none when it is gone. Returns the other Services that hold something now which they did
  // not hold before.
  std::vector<std::string> set(std::string_view service, const std::vector<ServicePort>& ports);
  bool holds(std::string_view service, std::string_view place) const;
  // Takes from a port what another Service holds; returns such a place, or "".
  std::string withhold(std::string_view service, ServicePort& port) const;

 private:
  StringMap<std::vector<std::string>> claimants_;  // by place; the first holds it
  StringMap<std::vector<std::string>> places_;     // by Service, ordered
};

}  // namespace plumb::proxy
