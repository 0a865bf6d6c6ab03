#include "harness/runner/service_network.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "harness/runner/cluster.h"
#include "harness/runner/needs.h"
#include "harness/runner/probe.h"

namespace plumb::harness {
namespace {

constexpr const char* server = "server";

Json container(const Images& images, Json args) { return {{"name", "main"}, {"image", images.first}, {"imagePullPolicy", "IfNotPresent"}, {"args", std::move(args)}}; }

Json service() {
  return {{"metadata", {{"name", server}}}, {"spec", {{"selector", {{"app", server}}}, {"ports", {{{"name", "http"}, {"port", 80}, {"targetPort", 8080}}}}}}};
}

// Asked until it answers by its name, or for as long as a healthy cluster may take to get there.
bool answers(Client& client, const std::string& space, const std::string& address) {
  const std::string host = address.find(':') == address.npos ? address : "[" + address + "]";
  const Instant until = real_clock().now() + timeouts::service_leads;
  do {
    const auto asked = client.exec(space, "client", {"/plumb-test", "get", "http://" + host + "/hostname", "--timeout", "2"});
    if (asked.ok() && asked->exit_code == 0 && asked->out.starts_with(server)) return true;
    std::this_thread::sleep_for(timeouts::poll);
  } while (real_clock().now() < until);
  return false;
}

Result<std::optional<std::string>> ask(Client& client, const Images& images, const std::string& run) {
  const auto nodes = PLUMB_TRY(usable_nodes(client));
  if (nodes.empty()) return std::optional<std::string>("no ready node takes pods");
  Probe probe = PLUMB_TRY(Probe::start(client, "services", run));
  const Json made = PLUMB_TRY(probe.create("services", service()));
  const std::string address = text_at(made, "/spec/clusterIP");
  if (address.empty()) return std::optional<std::string>("no service network: a new Service gets no address");
  const std::vector<Json> pods = {
      probe_pod(nodes.back(), {{"name", server}, {"labels", {{"app", server}}}}, Json::array({container(images, {"serve", "--http", "8080"})})),
      probe_pod(nodes.front(), {{"name", "client"}}, Json::array({container(images, {"pause"})}))};
  const auto ready = [](const Probe::Pods& found) {
    return found.size() == 2 && std::all_of(found.begin(), found.end(), [](const Json& pod) { return has_condition(pod, "Ready"); });
  };
  const auto running = PLUMB_TRY(probe.run(pods, ready));
  if (!ready(running)) return std::optional<std::string>("no service network could be found: two pods that would show it do not become ready");
  if (answers(client, probe.space(), address)) return std::optional<std::string>();
  return std::optional<std::string>("no service network: a pod on node " + nodes.front() + " gets no answer from the Service at " + address +
                                    ", whose pod is ready; a service proxy on every node is needed");
}

}  // namespace

Result<std::optional<std::string>> missing_service_network(Client& client, const Images& images, const std::string& run) {
  auto problem = ask(client, images, run);
  if (!problem.ok()) return problem.error().in("find out whether Services lead anywhere");
  return problem;
}

}  // namespace plumb::harness
