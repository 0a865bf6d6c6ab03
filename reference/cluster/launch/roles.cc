// plumbd up, status, down: what `plumb up`, `plumb status` and `plumb down` run.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/base/arguments.h"
#include "harness/base/encoding.h"
#include "reference/cluster/launch/launcher.h"
#include "reference/cluster/launch/passed_flags.h"
#include "reference/cluster/launch/preflight.h"
#include "reference/cluster/node/host_network.h"
#include "reference/cluster/role.h"

namespace plumb::cluster {
namespace {

constexpr int exit_unavailable = 3;
constexpr char kDefaultName[] = "plumb";

struct Place {
  std::string name, dir;
  void declare(Arguments& arguments) {
    arguments.option("--name", name, "the cluster's name (default plumb)").option("--dir", dir, "its folder (default: /var/lib/plumbline/NAME, or ~/.local/state/plumbline/NAME without root)");
  }
  // A name that is none is refused: it would be part of a path.
  Result<Layout> layout() const {
    if (!name.empty()) PLUMB_TRY(check_name(name));
    std::string path = std::filesystem::absolute(dir.empty() ? default_dir(name.empty() ? kDefaultName : name) : dir).lexically_normal().string();
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    return Layout{path};
  }
};

int refuse(const char* what, const Error& error) {
  std::fprintf(stderr, "plumb %s: %s\n", what, error.message.c_str());
  return error.code == Code::invalid_argument ? kExitUsage : exit_unavailable;
}

class Up final : public Role {
 public:
  std::string summary() const override { return "bring a cluster up on this machine, or bring back the one in the folder"; }
  int run(const std::vector<std::string>& args) override {
    Place place;
    ClusterConfig wanted;
    std::optional<int> nodes, hollow;
    int seconds = 120;
    std::string store, servers, dns;
    bool separate = false;
    Arguments arguments("plumb up", summary());
    place.declare(arguments);
    arguments.option("--nodes", nodes, "real nodes, each in namespaces of its own with its own containerd (needs root; default 1 with root, else 0)")
        .option("--hollow-nodes", hollow, "simulated nodes (default 0)")
        .choice("--store", store, {"embedded", "etcd"}, "where the API server keeps its data (default embedded)")
        .option("--etcd-servers", servers, "comma-separated endpoints, with --store etcd; what is kept there stays there; default: an etcd of its own")
        .flag("--separate", separate, "one process per component instead of one for the control plane")
        .choice("--dns", dns, {"true", "false"}, "a name server for services and pods, where there are real nodes (default true)")
        .option("--timeout", seconds, "seconds until everything must be ready");
    FlagValues given;
    arguments.group("Handed on to the control plane, kept with the cluster");
    for (const PassedFlag& flag : passed_flags()) {
      const auto take = [&given, &flag](const std::string& text) -> Status {
        PLUMB_TRY(check_flag(flag, text));
        given[flag.name] = text;
        return {};
      };
      arguments.taken_option("--" + std::string(flag.name), take, flag.otherwise, flag.help);
    }
    arguments.group("Options");
    if (const auto done = arguments.parse(args)) return *done;

    const auto layout = place.layout();
    if (!layout.ok()) return refuse("up", layout.error());
    auto existing = load_config(*layout);
    if (!existing.ok() && existing.error().code != Code::not_found) return refuse("up", existing.error());
    wanted = existing.ok() ? *existing : ClusterConfig{};
    if (!existing.ok()) {
      wanted.name = kDefaultName;
      wanted.nodes = geteuid() == 0 ? 1 : 0;
    }
    if (!place.name.empty()) wanted.name = place.name;
    if (nodes) wanted.nodes = *nodes;
    if (hollow) wanted.hollow_nodes = *hollow;
    if (seconds < 1) return refuse("up", fail(Code::invalid_argument, "--timeout must be at least 1 second"));
    if (!store.empty()) wanted.store = store;
    if (!servers.empty()) {
      wanted.etcd_servers.clear();
      for (const auto one : split(servers, ',')) wanted.etcd_servers.emplace_back(trim(one));
    }
    wanted.separate |= separate;
    if (!dns.empty()) wanted.dns = dns == "true";
    for (const auto& [name, value] : given) wanted.flags[name] = value;

    const bool talk = isatty(STDERR_FILENO);
    LaunchProgress progress{[&](const std::string& step) {
      if (talk) std::fprintf(stderr, "%s …\n", step.c_str());
    }};
    if (Status up = bring_up(*layout, wanted, progress, std::chrono::seconds(seconds)); !up.ok()) return refuse("up", up.error());
    std::printf("%s\n", layout->kubeconfig().c_str());
    return kExitOk;
  }
};

class StatusRole final : public Role {
 public:
  std::string summary() const override { return "say what of a cluster runs"; }
  int run(const std::vector<std::string>& args) override {
    Place place;
    std::string output = "text";
    Arguments arguments("plumb status", summary());
    place.declare(arguments);
    arguments.choice("-o,--output", output, {"text", "json"}, "form of the answer");
    if (const auto done = arguments.parse(args)) return *done;
    const auto layout = place.layout();
    if (!layout.ok()) return refuse("status", layout.error());
    const auto state = inspect(*layout);
    if (!state.ok()) return refuse("status", state.error());
    bool all = state->ready;
    for (const auto& process : state->processes) all &= process.running;
    if (output == "json") {
      nlohmann::json json = {{"name", state->config.name}, {"kubeconfig", state->kubeconfig}, {"ready", state->ready}, {"processes", nlohmann::json::object()}};
      for (const auto& process : state->processes) json["processes"][process.name] = process.running ? "running" : "stopped";
      std::printf("%s\n", json.dump(2).c_str());
    } else {
      std::printf("%-24s %s\n", "API server", state->ready ? "ready" : "not ready");
      for (const auto& process : state->processes) std::printf("%-24s %s\n", process.name.c_str(), process.running ? "running" : "stopped");
      std::printf("%-24s %s\n", "kubeconfig", state->kubeconfig.c_str());
    }
    return all ? kExitOk : kExitFailure;
  }
};

class Down final : public Role {
 public:
  std::string summary() const override { return "take a cluster down and remove it"; }
  int run(const std::vector<std::string>& args) override {
    Place place;
    bool keep = false;
    Arguments arguments("plumb down", summary());
    place.declare(arguments);
    arguments.flag("--keep-data", keep, "keep the folder, so that `plumb up` brings everything back");
    if (const auto done = arguments.parse(args)) return *done;
    const auto layout = place.layout();
    if (!layout.ok()) return refuse("down", layout.error());
    if (!holds_cluster(*layout)) std::fprintf(stderr, "plumb down: there is no cluster in %s\n", layout->dir.c_str());
    const Status down = bring_down(*layout, keep);
    return down.ok() ? kExitOk : refuse("down", down.error());
  }
};

const Registered<Role> up{"up", [] { return std::make_unique<Up>(); }};
const Registered<Role> status_role{"status", [] { return std::make_unique<StatusRole>(); }};
const Registered<Role> down{"down", [] { return std::make_unique<Down>(); }};

}  // namespace
}  // namespace plumb::cluster
