// Where the kubelet of a node is reached: its internal address, else its name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reference/api/types/corev1.h"

namespace plumb::resources {

// Names what a kubelet's certificate is for, where that is not the node's address: simulated nodes share one.
inline constexpr char kKubeletServerName[] = "plumbline.io/kubelet-server-name";

struct KubeletAddress {
  std::string host;
  std::uint16_t port = 10250;
  std::string server_name;  // to verify its certificate by; empty: the host
};
// nullopt: the node has no address.
std::optional<KubeletAddress> kubelet_address(const corev1::Node& node);

}  // namespace plumb::resources
