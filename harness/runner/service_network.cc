#include "harness/runner/service_network.h"

#include <nlohmann/json.hpp>

#include "harness/runner/cluster.h"
#include "harness/runner/needs.h"
#include "harness/runner/probe.h"

namespace plumb::harness {
namespace {

constexpr const char* server = "server";

Json service() {
  return {{"metadata", {{"name", server}}}, {"spec", {{"selector", {{"app", server}}}, {"ports", {{{"name", "http"}, {"port", 80}, {"targetPort", 8080}}}}}}};
}

bool server_answers(Client& client, const std::string& space, const std::string& address) {
  return holds_soon([&] {
    const auto host = host_at(client, space, address, 80, 2);
    return host && host->starts_with(server);
  });
}

Result<std::optional<std::string>> ask_through_service(Client& client, const Images& images, const std::string& run) {
  const auto nodes = PLUMB_TRY(usable_nodes(client));
  if (nodes.empty()) return std::optional<std::string>("no ready node takes pods");
  Probe probe = PLUMB_TRY(Probe::start(client, "services", run));
  const Json made = PLUMB_TRY(probe.create("services", service()));
  const std::string address = text_at(made, "/spec/clusterIP");
  if (address.empty()) return std::optional<std::string>("no service network: a new Service gets no address");
  const std::vector<Json> pods = {
      probe_pod(nodes.back(), {{"name", server}, {"labels", {{"app", server}}}}, Json::array({probe_container(images, {"serve", "--http", "8080"})})),
      probe_pod(nodes.front(), {{"name", "client"}}, Json::array({probe_container(images, {"pause"})}))};
  const auto ready = [](const Probe::Pods& found) { return are_ready(found, 2); };
  const auto running = PLUMB_TRY(probe.run(pods, ready));
  if (!ready(running)) return std::optional<std::string>("no service network could be found: two pods that would show it do not become ready");
  if (server_answers(client, probe.space(), address)) return std::optional<std::string>();
  return std::optional<std::string>("no service network: a pod on node " + nodes.front() + " gets no answer from the Service at " + address +
                                    ", whose pod is ready; a service proxy on every node is needed");
}

}  // namespace

Result<std::optional<std::string>> missing_service_network(Client& client, const Images& images, const std::string& run) {
  auto problem = ask_through_service(client, images, run);
  if (!problem.ok()) return problem.error().in("find out whether Services lead anywhere");
  return problem;
}

}  // namespace plumb::harness
