#include "reference/proxy/health.h"

#include <nlohmann/json.hpp>

#include "harness/base/log.h"
#include "harness/base/metrics.h"
#include "reference/api/text/time.h"

namespace plumb::proxy {
namespace {

constexpr char text_type[] = "text/plain; charset=utf-8", metrics_type[] = "text/plain; version=0.0.4; charset=utf-8", json_type[] = "application/json";

void send(const net::ResponseWriter& response, int status, std::string body, const char* type, net::Headers more = {}) {
  more.add("Content-Type", type);
  more.add("X-Content-Type-Options", "nosniff");
  net::ResponseWriter(response).send(status, std::move(more), std::move(body));
}

void send(const net::ResponseWriter& response, Health::Answer answer) { send(response, answer.status, std::move(answer.body), json_type); }

Result<std::unique_ptr<net::Server>> serve(const Listen& listen, const std::string& name, net::Handler handler) {
  net::ServerOptions options;
  options.address = listen.address;
  options.port = listen.port;
  options.max_body_bytes = 16 << 10;
  options.max_connections = 200;
  options.name = name;
  return net::Server::start(std::move(options), std::move(handler));
}

}  // namespace

void Health::queued() {
  std::lock_guard lock(mutex_);
  if (!waits_since_) waits_since_ = clock_.now();
}

void Health::updated() {
  std::lock_guard lock(mutex_);
  waits_since_.reset();
  updated_ = clock_.wall();
}

void Health::set_node_eligible(bool eligible) {
  std::lock_guard lock(mutex_);
  node_eligible_ = eligible;
}

bool Health::healthy() const {
  std::lock_guard lock(mutex_);
  return !waits_since_ || clock_.now() - *waits_since_ < patience_;
}

Health::Answer Health::answer(bool with_node) const {
  const bool works = healthy();
  std::lock_guard lock(mutex_);
  const WallTime now = clock_.wall();
  nlohmann::json body = {{"lastUpdated", api::format_micro_time(works ? now : updated_)}, {"currentTime", api::format_micro_time(now)}};
  if (with_node) body["nodeEligible"] = node_eligible_;
  return {works && (!with_node || node_eligible_) ? 200 : 503, body.dump()};
}

Result<std::unique_ptr<net::Server>> serve_health(const Listen& listen, const Health& health) {
  return serve(listen, "healthz", [&health](const net::Request& request, const net::ResponseWriter& response) {
    if (request.path == "/healthz") return send(response, health.healthz());
    if (request.path == "/livez") return send(response, health.livez());
    send(response, 404, "404 page not found\n", text_type);
  });
}

Result<std::unique_ptr<net::Server>> serve_metrics(const Listen& listen, const Health& health) {
  return serve(listen, "metrics", [&health](const net::Request& request, const net::ResponseWriter& response) {
    if (request.path == "/metrics") return send(response, 200, metrics::text(), metrics_type);
    if (request.path == "/healthz") return send(response, health.healthz());
    if (request.path == "/proxyMode") return send(response, 200, "nftables", text_type);
    send(response, 404, "404 page not found\n", text_type);
  });
}

struct HealthCheckServers::State {
  std::mutex mutex;
  HealthCheck check;  // under mutex
};

void HealthCheckServers::set(const std::vector<HealthCheck>& checks) {
  std::map<int, const HealthCheck*> wanted;
  for (const HealthCheck& check : checks) wanted.emplace(check.port, &check);
  std::erase_if(servers_, [&](const auto& entry) { return !wanted.contains(entry.first); });
  for (const auto& [port, check] : wanted) {
    Entry& entry = servers_[port];
    if (!entry.state) entry.state = std::make_shared<State>();
    {
      std::lock_guard lock(entry.state->mutex);
      entry.state->check = *check;
    }
    if (entry.server) continue;
    auto server = serve({address_, static_cast<std::uint16_t>(port)}, "health-check", [state = entry.state, &health = health_](const net::Request&, const net::ResponseWriter& response) {
      std::unique_lock lock(state->mutex);
      const HealthCheck now = state->check;
      lock.unlock();
      const bool works = health.healthy();
      const nlohmann::json body = {{"service", {{"namespace", now.namespace_}, {"name", now.service}}}, {"localEndpoints", now.local_endpoints}, {"serviceProxyHealthy", works}};
      send(response, works && now.local_endpoints > 0 ? 200 : 503, body.dump(), json_type, {{"X-Load-Balancing-Endpoint-Weight", std::to_string(now.local_endpoints)}});
    });
    if (server.ok()) entry.server = std::move(*server);
    else log::warning("proxy", "serving the health check of Service " + check->namespace_ + "/" + check->service + ": " + server.error().message);
  }
}

}  // namespace plumb::proxy
