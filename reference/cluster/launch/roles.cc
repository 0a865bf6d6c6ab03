// plumbd up, status, down: what `plumb up`, `plumb status` and `plumb down` run.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/base/arguments.h"
#include "harness/base/encoding.h"
#include "reference/api/text/time.h"
#include "reference/cluster/launch/launcher.h"
#include "reference/cluster/node/host_network.h"
#include "reference/cluster/role.h"

namespace plumb::cluster {
namespace {

constexpr int exit_unavailable = 3;

struct Place {
  std::string name = "plumb", dir;
  void declare(Arguments& arguments) {
    arguments.option("--name", name, "the cluster's name").option("--dir", dir, "its folder (default: /var/lib/plumbline/NAME, or ~/.local/state/plumbline/NAME without root)");
  }
  Layout layout() const { return {std::filesystem::absolute(dir.empty() ? default_dir(name) : dir).lexically_normal().string()}; }
};

int refuse(const char* what, const Error& error) {
  std::fprintf(stderr, "plumb %s: %s\n", what, error.message.c_str());
  return error.code == Code::invalid_argument ? kExitUsage : exit_unavailable;
}

Status check(const ClusterConfig& config) {
  if (config.nodes < 0 || config.nodes > kMaxNodes) return fail(Code::invalid_argument, "--nodes must be between 0 and " + std::to_string(kMaxNodes));
  if (config.hollow_nodes < 0 || config.hollow_nodes > 100'000) return fail(Code::invalid_argument, "--hollow-nodes must be between 0 and 100000");
  if (!config.etcd_servers.empty() && config.store != "etcd") return fail(Code::invalid_argument, "--etcd-servers goes with --store etcd");
  return {};
}

class Up final : public Role {
 public:
  std::string summary() const override { return "bring a cluster up on this machine, or bring back the one in the folder"; }
  int run(const std::vector<std::string>& args) override {
    Place place;
    ClusterConfig wanted;
    int nodes = -1, hollow = -1, seconds = 120;
    std::string store, servers, grace;
    bool separate = false;
    Arguments arguments("plumb up", summary());
    place.declare(arguments);
    arguments.option("--nodes", nodes, "real nodes, each in namespaces of its own with its own containerd (needs root; default 1 with root, else 0)")
        .option("--hollow-nodes", hollow, "simulated nodes (default 0)")
        .choice("--store", store, {"embedded", "etcd"}, "where the API server keeps its data (default embedded)")
        .option("--etcd-servers", servers, "comma-separated endpoints, with --store etcd; default: an etcd of its own")
        .flag("--separate", separate, "one process per component instead of one for the control plane")
        .taken_option("--node-monitor-grace-period", [&grace](const std::string& text) -> Status {
          PLUMB_TRY(api::parse_duration(text));
          grace = text;
          return {};
        }, "50s", "a node that was silent for this long counts as lost; nodes are heard of every 10 s")
        .option("--timeout", seconds, "seconds until everything must be ready");
    if (const auto done = arguments.parse(args)) return *done;

    const Layout layout = place.layout();
    auto existing = load_config(layout);
    if (!existing.ok() && existing.error().code != Code::not_found) return refuse("up", existing.error());
    wanted = existing.ok() ? *existing : ClusterConfig{};
    if (!existing.ok()) {
      wanted.name = place.name;
      wanted.nodes = geteuid() == 0 ? 1 : 0;
    }
    if (nodes >= 0) wanted.nodes = nodes;
    if (hollow >= 0) wanted.hollow_nodes = hollow;
    if (existing.ok() && !store.empty() && store != existing->store)
      return refuse("up", fail(Code::invalid_argument, "the cluster in " + layout.dir + " keeps its data in " + existing->store + "; take it down first, or another --dir"));
    if (!store.empty()) wanted.store = store;
    if (!servers.empty()) {
      wanted.etcd_servers.clear();
      for (const auto one : split(servers, ',')) wanted.etcd_servers.emplace_back(trim(one));
    }
    wanted.separate |= separate;
    if (!grace.empty()) wanted.node_monitor_grace_period = grace;
    if (Status fine = check(wanted); !fine.ok()) return refuse("up", fine.error());

    const bool talk = isatty(STDERR_FILENO);
    LaunchProgress progress{[&](const std::string& step) {
      if (talk) std::fprintf(stderr, "%s …\n", step.c_str());
    }};
    if (Status up = bring_up(layout, wanted, progress, std::chrono::seconds(seconds)); !up.ok()) return refuse("up", up.error());
    std::printf("%s\n", layout.kubeconfig().c_str());
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
    const auto state = inspect(place.layout());
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
    const Status down = bring_down(place.layout(), keep);
    return down.ok() ? kExitOk : refuse("down", down.error());
  }
};

const Registered<Role> up{"up", [] { return std::make_unique<Up>(); }};
const Registered<Role> status_role{"status", [] { return std::make_unique<StatusRole>(); }};
const Registered<Role> down{"down", [] { return std::make_unique<Down>(); }};

}  // namespace
}  // namespace plumb::cluster
