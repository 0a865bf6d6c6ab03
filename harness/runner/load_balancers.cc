#include "harness/runner/load_balancers.h"

#include <nlohmann/json.hpp>

#include "harness/runner/cluster.h"
#include "harness/runner/probe.h"

namespace plumb::harness {
namespace {

constexpr const char* balanced = "balanced";

bool has_address(const Json* service) { return service && !at(*service, "/status/loadBalancer/ingress", Json::array()).empty(); }
bool is_taken_on(const Json* service) { return has_address(service) || (service && !at(*service, "/metadata/finalizers", Json::array()).empty()); }

// Whether the condition held in time.
Result<bool> comes(Client& client, const std::string& space, bool (*holds)(const Json*), Duration limit) {
  const auto waited = client.wait_for({"v1", "services", space}, balanced, "an address of the load balancer", holds, limit);
  if (!waited.ok() && waited.error().code != Code::deadline_exceeded) return waited.error();
  return waited.ok();
}

Result<std::optional<std::string>> ask_for_address(Client& client, const std::string& run) {
  Probe probe = PLUMB_TRY(Probe::start(client, "load-balancers", run));
  PLUMB_TRY(probe.create("services", {{"metadata", {{"name", balanced}}}, {"spec", {{"type", "LoadBalancer"}, {"ports", {{{"name", "http"}, {"port", 80}}}}}}}));
  const bool taken_on = PLUMB_TRY(comes(client, probe.space(), is_taken_on, timeouts::service_leads));
  if (!taken_on && PLUMB_TRY(client.list({"v1", "events", probe.space()}))["items"].empty())
    return std::optional<std::string>("no load balancers: nobody takes on a Service of type LoadBalancer");
  if (PLUMB_TRY(comes(client, probe.space(), has_address, timeouts::load_balancer))) return std::optional<std::string>();
  return std::optional<std::string>("no load balancers: a Service of type LoadBalancer gets no address within " +
                                    std::to_string(std::chrono::duration_cast<std::chrono::seconds>(timeouts::load_balancer).count()) + " s");
}

}  // namespace

Result<std::optional<std::string>> missing_load_balancers(Client& client, const std::string& run) {
  auto problem = ask_for_address(client, run);
  if (!problem.ok()) return problem.error().in("find out whether Services of type LoadBalancer get an address");
  return problem;
}

}  // namespace plumb::harness
