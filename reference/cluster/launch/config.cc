#include "reference/cluster/launch/config.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "reference/cluster/pki/pki.h"

namespace plumb::cluster {

Result<ClusterConfig> load_config(const Layout& layout) {
  std::error_code error;
  if (!std::filesystem::exists(layout.config(), error) && !error) return fail(Code::not_found, "there is no cluster in " + layout.dir + "; `plumb up` makes one");
  const auto read = read_file(layout.config());
  if (!read.ok()) return fail(read.error().code, read.error().message + "; run this as who brought the cluster up, with sudo perhaps");
  const std::string& text = *read;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(Code::invalid_argument, layout.config() + " is damaged; `plumb down --dir " + layout.dir + "` removes the cluster");
  ClusterConfig config;
  try {
    config.name = json.value("name", config.name);
    config.nodes = json.value("nodes", config.nodes);
    config.hollow_nodes = json.value("hollowNodes", config.hollow_nodes);
    config.store = json.value("store", config.store);
    config.etcd_servers = json.value("etcdServers", config.etcd_servers);
    config.separate = json.value("separate", config.separate);
    config.dns = json.value("dns", config.dns);
    config.port = json.value("port", config.port);
    config.flags = json.value("flags", config.flags);
  } catch (const nlohmann::json::exception& problem) {
    return fail(Code::invalid_argument, layout.config() + " is damaged: " + problem.what());
  }
  return config;
}

Status save_config(const Layout& layout, const ClusterConfig& config) {
  const nlohmann::json json = {{"name", config.name},   {"nodes", config.nodes},       {"hollowNodes", config.hollow_nodes},
                               {"store", config.store}, {"etcdServers", config.etcd_servers}, {"separate", config.separate},
                               {"dns", config.dns},     {"port", config.port},         {"flags", config.flags}};
  return write_private_file(layout.config(), json.dump(2) + "\n");
}

std::string default_dir(const std::string& name) {
  if (geteuid() == 0) return "/var/lib/plumbline/" + name;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state) return std::string(state) + "/plumbline/" + name;
  const char* home = std::getenv("HOME");
  return std::string(home ? home : "/tmp") + "/.local/state/plumbline/" + name;
}

}  // namespace plumb::cluster
