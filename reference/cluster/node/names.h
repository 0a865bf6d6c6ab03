// What a cluster is called on its host. Everything that exists on the host because of a cluster carries its tag, which follows from the
// cluster's name and folder alone; so clean-up finds it when every process and every file of the cluster is gone.
#pragma once

#include <string>

namespace plumb::cluster {

struct ClusterId {
  std::string name;
  std::string dir;  // absolute; data, logs, pid files
};

// Eight hexadecimal digits of a hash of name and folder.
std::string cluster_tag(const ClusterId& id);

std::string link_prefix(const ClusterId& id);                // "p<tag>": every network link of the cluster on the host
std::string bridge_name(const ClusterId& id);                // "p<tag>br"
std::string node_link_name(const ClusterId& id, int index);  // "p<tag>n<index>", at most 15 characters up to index 99999
std::string cgroup_name(const ClusterId& id);                // "plumb-<tag>", in every cgroup hierarchy
std::string nft_table_name(const ClusterId& id);             // "plumb_<tag>", family inet
std::string node_dir(const ClusterId& id, const std::string& node);  // "<dir>/nodes/<node>"

}  // namespace plumb::cluster
