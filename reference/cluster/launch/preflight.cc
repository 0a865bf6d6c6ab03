#include "reference/cluster/launch/preflight.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "harness/base/encoding.h"
#include "harness/base/process.h"
#include "reference/cluster/node/host_network.h"

namespace plumb::cluster {
namespace {

constexpr std::size_t longest_name = 40;  // "<name>-node-199" stays a host name
constexpr int most_hollow_nodes = 100'000;

struct Tool {
  const char* program;
  const char* package;
};

Status need(const std::string& who, const Tool& tool) {
  if (find_program(tool.program).ok()) return {};
  return fail(Code::not_found, who + " " + tool.program + ", which is not installed: apt-get install " + tool.package);
}

std::string nodes_of(const ClusterConfig& config) {
  return std::to_string(config.nodes) + " and " + std::to_string(config.hollow_nodes) + " hollow";
}

}  // namespace

Status check_name(const std::string& name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!name.empty() && name.size() <= longest_name && std::all_of(name.begin(), name.end(), fits) && name.front() != '-' && name.back() != '-') return {};
  return fail(Code::invalid_argument, "--name \"" + name + "\" is no name for a cluster: take 1 to " + std::to_string(longest_name) +
                                          " lower-case letters, digits and hyphens, with no hyphen at either end");
}

Status check_config(const ClusterConfig& config) {
  PLUMB_TRY(check_name(config.name));
  if (config.nodes < 0 || config.nodes > kMaxNodes) return fail(Code::invalid_argument, "--nodes must be between 0 and " + std::to_string(kMaxNodes));
  if (config.hollow_nodes < 0 || config.hollow_nodes > most_hollow_nodes)
    return fail(Code::invalid_argument, "--hollow-nodes must be between 0 and " + std::to_string(most_hollow_nodes));
  if (!config.etcd_servers.empty() && config.store != "etcd") return fail(Code::invalid_argument, "--etcd-servers goes with --store etcd");
  for (const std::string& server : config.etcd_servers)
    if (!server.starts_with("http://") && !server.starts_with("https://"))
      return fail(Code::invalid_argument, "--etcd-servers takes http://host:port or https://host:port, not \"" + server + "\"");
  return {};
}

Status check_change(const ClusterConfig& existing, const ClusterConfig& wanted, bool runs) {
  const auto refuse = [&](const std::string& what) { return fail(Code::invalid_argument, "cluster " + existing.name + " " + what); };
  if (wanted.name != existing.name) return refuse("is in that folder already, not " + wanted.name + "; name another folder with --dir");
  if (wanted.store != existing.store) return refuse("keeps its data in the store " + existing.store + "; take it down first, or another --dir");
  if (wanted.etcd_servers != existing.etcd_servers)
    return refuse("keeps its data in the etcd " + (existing.etcd_servers.empty() ? "of its own" : "at " + join(existing.etcd_servers, ",")) + "; take it down first, or another --dir");
  if (runs && wanted.separate != existing.separate) return refuse("runs with its control plane in one process; stop it with `plumb down --keep-data`, then bring it up with --separate");
  for (const auto& [name, value] : wanted.flags) {
    const auto has = existing.flags.find(name);
    if (runs && (has == existing.flags.end() || has->second != value))
      return refuse("runs without --" + name + " " + value + "; stop it with `plumb down --keep-data`, then bring it up with that");
  }
  if (wanted.nodes < existing.nodes || wanted.hollow_nodes < existing.hollow_nodes)
    return refuse("has more nodes already (" + nodes_of(existing) + "); a cluster can get more, for fewer take it down first");
  return {};
}

Status check_machine(const ClusterConfig& config, const std::vector<std::string>& images) {
  if (config.store == "etcd" && config.etcd_servers.empty()) PLUMB_TRY(need("an etcd of its own needs", {"etcd", "etcd-server"}));
  if (config.nodes == 0) return {};
  if (geteuid() != 0)
    return fail(Code::permission_denied, "real nodes need root (network namespaces, containerd): run with sudo, or take --nodes 0 --hollow-nodes N for simulated ones");
  const std::string who = "real nodes need";
  for (const Tool& tool : {Tool{"containerd", "containerd"}, {"containerd-shim-runc-v2", "containerd"}, {"ctr", "containerd"}, {"ip", "iproute2"}, {"nft", "nftables"},
                           {"iptables", "iptables"}, {"nsenter", "util-linux"}})
    PLUMB_TRY(need(who, tool));
  if (!find_program("crun").ok()) PLUMB_TRY(need(who, {"runc", "runc"}));
  for (const std::string plugin : {"bridge", "host-local", "portmap", "loopback"})
    PLUMB_TRY(need(who, {("/usr/lib/cni/" + plugin).c_str(), "containernetworking-plugins"}));
  for (const std::string& archive : images)
    if (!std::filesystem::exists(archive)) return fail(Code::not_found, who + " the images in " + archive + ", which are not there: build the target plumbd");
  return {};
}

}  // namespace plumb::cluster
