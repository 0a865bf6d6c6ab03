// What stands in a pod's resolv.conf: upstream's rules for dnsPolicy and dnsConfig, and its limits. Pure.
#pragma once

#include <string>
#include <vector>

#include "reference/api/types/corev1.h"

namespace plumb::kubelet {

struct NameResolution {
  std::vector<std::string> servers, searches, options;
  std::vector<std::string> omitted;  // what the limits left out, in upstream's words
};

struct NodeResolution {
  std::string resolv_conf;  // the text of the node's own
  std::vector<std::string> cluster_dns;
  std::string cluster_domain;
};

// `search` and `options` count once, the last one; blank lines and comments are skipped.
NameResolution parse_resolv_conf(const std::string& text);
// Without servers of the cluster, ClusterFirst means Default.
NameResolution name_resolution_of(const corev1::Pod& pod, const NodeResolution& node);

}  // namespace plumb::kubelet
