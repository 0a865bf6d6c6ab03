#include "perf/live_metrics.h"

#include "harness/base/encoding.h"
#include "harness/base/metrics.h"
#include "harness/net/server.h"

namespace plumb::perf {
namespace {

const std::vector<double> latency_bounds{.001, .0025, .005, .01, .025, .05, .1, .2, .4, .6, .8, 1, 1.5, 2, 3, 5, 10, 30, 60};

struct Handles {
  metrics::Histogram intended, sent;
  metrics::Counter succeeded, failed;
  metrics::Gauge requested_rate, in_flight, backlog;
};

Handles make_handles(const LiveOperation& operation) {
  const metrics::Labels labels{{"scenario", operation.scenario}, {"phase", operation.phase}, {"operation", operation.name}};
  const auto with = [&](const std::string& key, const std::string& value) {
    auto more = labels;
    more[key] = value;
    return more;
  };
  const auto latency = [&](const char* clock) {
    return metrics::histogram("plumb_perf_request_latency_seconds",
                              "Latency of operations, from when they were meant to be sent (intended) and from when they were (sent).",
                              latency_bounds, with("clock", clock));
  };
  const auto operations = [&](const char* result) {
    return metrics::counter("plumb_perf_operations_total", "Operations that ended.", with("result", result));
  };
  return {latency("intended"),
          latency("sent"),
          operations("succeeded"),
          operations("failed"),
          metrics::gauge("plumb_perf_requested_rate", "Operations per second that the schedule asks for; 0 in a closed loop.", labels),
          metrics::gauge("plumb_perf_in_flight", "Operations that were sent and have not ended.", labels),
          metrics::gauge("plumb_perf_backlog", "Operations that were due and have not been sent.", labels)};
}

}  // namespace

struct LiveMetrics::Impl {
  std::unique_ptr<net::Server> server;
  std::mutex mutex;
  std::map<std::string, Handles> handles;  // by scenario, phase and name

  Handles& of(const LiveOperation& operation) {
    std::lock_guard lock(mutex);
    const std::string key = operation.scenario + "\n" + operation.phase + "\n" + operation.name;
    const auto found = handles.find(key);
    return found != handles.end() ? found->second : handles.emplace(key, make_handles(operation)).first->second;
  }
};

LiveMetrics::LiveMetrics() : impl_(std::make_unique<Impl>()) {}
LiveMetrics::~LiveMetrics() = default;

Result<std::unique_ptr<LiveMetrics>> LiveMetrics::serve(const std::string& address) {
  const auto colon = address.rfind(':');
  const auto port = parse_int(colon == std::string::npos ? "" : std::string_view(address).substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535 || colon == 0) {
    return fail(Code::invalid_argument, "serving metrics on \"" + address + "\": give host:port, such as 127.0.0.1:9095");
  }
  std::unique_ptr<LiveMetrics> live(new LiveMetrics);
  net::ServerOptions options;
  options.address = address.substr(0, colon);
  options.port = static_cast<std::uint16_t>(*port);
  options.name = "metrics";
  auto server = net::Server::start(options, [](net::Request request, net::ResponseWriter answer) {
    if (request.path != "/metrics") return answer.send(404, {{"content-type", "text/plain"}}, "metrics are under /metrics\n");
    answer.send(200, {{"content-type", "text/plain; version=0.0.4; charset=utf-8"}}, metrics::text());
  });
  if (!server.ok()) return std::move(server).error().in("serving metrics on " + address);
  live->impl_->server = std::move(*server);
  return live;
}

std::uint16_t LiveMetrics::port() const { return impl_->server->port(); }

void LiveMetrics::progress(const std::vector<LiveOperation>& operations) {
  for (const LiveOperation& operation : operations) {
    Handles& handles = impl_->of(operation);
    handles.requested_rate.set(operation.requested_rate);
    handles.in_flight.set(static_cast<double>(operation.progress.in_flight));
    handles.backlog.set(static_cast<double>(operation.progress.backlog));
  }
}

void LiveMetrics::ended(const LiveOperation& operation, double intended_seconds, double sent_seconds, bool ok) {
  Handles& handles = impl_->of(operation);
  (ok ? handles.succeeded : handles.failed).add();
  if (!ok) return;
  handles.intended.observe(intended_seconds);
  handles.sent.observe(sent_seconds);
}

}  // namespace plumb::perf
