#include "harness/runner/cluster_dns.h"

#include <nlohmann/json.hpp>

#include "harness/runner/cluster.h"
#include "harness/runner/needs.h"
#include "harness/runner/probe.h"

namespace plumb::harness {
namespace {

constexpr const char* looked_up_name = "kubernetes.default";

// Why it is not found, or nullopt. A cluster's name server may only be starting.
std::optional<std::string> look_up(Client& client, const std::string& space) {
  std::string last;
  const bool found = holds_soon([&] {
    const auto asked = client.exec(space, "client", {"/plumb-test", "lookup", looked_up_name, "--timeout", "2"});
    last = asked.ok() ? asked->err : asked.error().message;
    return asked.ok() && asked->exit_code == 0;
  });
  if (found) return std::nullopt;
  while (!last.empty() && last.back() == '\n') last.pop_back();
  return last;
}

Result<std::optional<std::string>> ask_for_name(Client& client, const Images& images, const std::string& run) {
  const auto nodes = PLUMB_TRY(usable_nodes(client));
  if (nodes.empty()) return std::optional<std::string>("no ready node takes pods");
  Probe probe = PLUMB_TRY(Probe::start(client, "dns", run));
  const auto ready = [](const Probe::Pods& found) { return are_ready(found, 1); };
  const auto running = PLUMB_TRY(probe.run({probe_pod(nodes.front(), {{"name", "client"}}, Json::array({probe_container(images, {"pause"})}))}, ready));
  if (!ready(running)) return std::optional<std::string>("no cluster DNS could be found: a pod that would show it does not become ready");
  const auto problem = look_up(client, probe.space());
  if (!problem) return std::optional<std::string>();
  return std::optional<std::string>("no cluster DNS: a pod on node " + nodes.front() + " cannot look " + looked_up_name + " up (" + *problem +
                                    "); a name server in the cluster is needed, and kubelets that tell pods its address (--cluster-dns)");
}

}  // namespace

Result<std::optional<std::string>> missing_dns(Client& client, const Images& images, const std::string& run) {
  auto problem = ask_for_name(client, images, run);
  if (!problem.ok()) return problem.error().in("find out whether names of the cluster resolve");
  return problem;
}

}  // namespace plumb::harness
