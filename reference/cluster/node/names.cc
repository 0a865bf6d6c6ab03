#include "reference/cluster/node/names.h"

#include <cstdint>
#include <cstdio>
#include <filesystem>

namespace plumb::cluster {

std::string cluster_tag(const ClusterId& id) {
  std::error_code ignored;
  const auto dir = std::filesystem::weakly_canonical(id.dir, ignored);
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a
  for (const char c : id.name + '\0' + dir.string()) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  char text[9];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(hash ^ hash >> 32));
  return text;
}

std::string link_prefix(const ClusterId& id) { return "p" + cluster_tag(id); }
std::string bridge_name(const ClusterId& id) { return link_prefix(id) + "br"; }
std::string node_link_name(const ClusterId& id, int index) { return link_prefix(id) + "n" + std::to_string(index); }
std::string cgroup_name(const ClusterId& id) { return "plumb-" + cluster_tag(id); }
std::string nft_table_name(const ClusterId& id) { return "plumb_" + cluster_tag(id); }
std::string node_dir(const ClusterId& id, const std::string& node) { return id.dir + "/nodes/" + node; }

}  // namespace plumb::cluster
