#include "reference/resources/shared/kubelet_address.h"

namespace plumb::resources {

std::optional<KubeletAddress> kubelet_address(const corev1::Node& node) {
  KubeletAddress made;
  for (const std::string_view type : {corev1::NodeInternalIP, corev1::NodeHostName})
    for (const corev1::NodeAddress& each : node.status.addresses)
      if (made.host.empty() && each.type == type) made.host = each.address.str();
  if (made.host.empty()) return std::nullopt;
  if (const std::int32_t port = node.status.daemonEndpoints.kubeletEndpoint.Port; port > 0 && port <= 65535) made.port = static_cast<std::uint16_t>(port);
  if (const api::Str* name = node.metadata.annotations.find(kKubeletServerName)) made.server_name = name->str();
  return made;
}

}  // namespace plumb::resources
