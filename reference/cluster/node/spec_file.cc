#include "reference/cluster/node/spec_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace plumb::cluster {

using nlohmann::json;

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ClusterId, name, dir)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NodeService, name, args, env)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NodeRoute, cidr, via)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NodeSpec, cluster, index, name, node_ip, gateway, pod_cidr, routes, sandbox_image, image_archives,
                                   services, program, containerd)

Status write_spec(const NodeSpec& spec, const std::string& path) {
  std::ofstream file(path, std::ios::trunc);
  file << json(spec).dump(1) << "\n";
  if (!file.flush()) return fail_errno("writing " + path);
  return {};
}

Result<NodeSpec> read_spec(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail_errno("reading " + path);
  try {
    return json::parse(file).get<NodeSpec>();
  } catch (const json::exception& problem) {
    return fail(Code::invalid_argument, "reading " + path + ": " + problem.what());
  }
}

}  // namespace plumb::cluster
