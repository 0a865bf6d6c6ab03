#include "harness/load/outcome.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/load/statistics.h"

namespace plumb::harness {
namespace {

using nlohmann::json;

constexpr std::size_t least_per_sample = 5;  // operations: fewer say nothing about a percentile
constexpr std::size_t most_parts = 10;

double to_seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

json text_of(const Histogram& histogram) { return histogram.empty() ? json("") : json(histogram.encode()); }

// Readers of the parts throw json's exceptions; outcome_from_json catches them.
Histogram histogram_from(const json& object, const char* key) {
  const auto text = object.value(key, std::string());
  if (text.empty()) return {};
  auto histogram = Histogram::decode(text);
  if (!histogram.ok()) throw std::invalid_argument(histogram.error().message);
  return std::move(*histogram);
}

const char* name_of(Better better) { return better == Better::lower ? "lower" : "higher"; }
Better better_from(const json& object) { return object.value("better", std::string("lower")) == "higher" ? Better::higher : Better::lower; }

json write(const OperationOutcome& o) {
  return {{"phase", o.phase},
          {"name", o.name},
          {"openLoop", o.open_loop},
          {"requested", o.requested},
          {"sent", o.sent},
          {"succeeded", o.succeeded},
          {"failed", o.failed},
          {"unfinished", o.unfinished},
          {"unsent", o.unsent},
          {"requestedRate", o.requested_rate},
          {"sentRate", o.sent_rate},
          {"completedRate", o.completed_rate},
          {"latencyFromIntended", text_of(o.latency_intended)},
          {"latencyFromSent", text_of(o.latency_sent)},
          {"firstByte", text_of(o.first_byte)},
          {"sendLag", text_of(o.send_lag)}};
}

OperationOutcome read_operation(const json& in) {
  OperationOutcome o;
  o.phase = in.at("phase");
  o.name = in.at("name");
  o.open_loop = in.value("openLoop", false);
  o.requested = in.value("requested", std::uint64_t{0});
  o.sent = in.value("sent", std::uint64_t{0});
  o.succeeded = in.value("succeeded", std::uint64_t{0});
  o.failed = in.value("failed", std::map<std::string, std::uint64_t>());
  o.unfinished = in.value("unfinished", std::uint64_t{0});
  o.unsent = in.value("unsent", std::uint64_t{0});
  o.requested_rate = in.value("requestedRate", 0.0);
  o.sent_rate = in.value("sentRate", 0.0);
  o.completed_rate = in.value("completedRate", 0.0);
  o.latency_intended = histogram_from(in, "latencyFromIntended");
  o.latency_sent = histogram_from(in, "latencyFromSent");
  o.first_byte = histogram_from(in, "firstByte");
  o.send_lag = histogram_from(in, "sendLag");
  return o;
}

json write(const PhaseOutcome& phase) { return {{"name", phase.name}, {"began", phase.began}, {"length", phase.length}}; }
PhaseOutcome read_phase(const json& in) { return {in.at("name"), in.value("began", 0.0), in.value("length", 0.0)}; }

json write(const Metric& m) {
  return {{"name", m.name}, {"unit", m.unit}, {"better", name_of(m.better)}, {"value", m.value}, {"samples", m.samples}};
}
Metric read_metric(const json& in) {
  return {in.at("name"), in.value("unit", ""), better_from(in), in.at("value"), in.value("samples", std::vector<double>())};
}

json write(const Distribution& d) { return {{"name", d.name}, {"values", text_of(d.values)}, {"unfinished", d.unfinished}}; }
Distribution read_distribution(const json& in) {
  return {in.at("name"), histogram_from(in, "values"), in.value("unfinished", std::uint64_t{0})};
}

json write(const Series& s) {
  json points = json::array();
  for (const Point& point : s.points) points.push_back({point.at, point.value});
  return {{"name", s.name}, {"unit", s.unit}, {"points", std::move(points)}};
}
Series read_series(const json& in) {
  Series s{in.at("name"), in.value("unit", ""), {}};
  for (const json& point : in.value("points", json::array())) s.points.push_back({point.at(0), point.at(1)});
  return s;
}

json write(const ThresholdOutcome& t) {
  json out{{"metric", t.metric}, {"better", name_of(t.better)}, {"limit", t.limit}, {"held", t.held}};
  if (t.value) out["value"] = *t.value;
  return out;
}
ThresholdOutcome read_threshold(const json& in) {
  ThresholdOutcome t{in.at("metric"), better_from(in), in.at("limit"), std::nullopt, in.value("held", false)};
  if (in.contains("value")) t.value = in["value"].get<double>();
  return t;
}

json write(const ObjectCount& c) {
  return {{"kind", c.kind}, {"made", c.made}, {"failed", c.failed}, {"removed", c.removed}, {"left", c.left}};
}
ObjectCount read_count(const json& in) {
  const auto number = [&](const char* key) { return in.value(key, std::uint64_t{0}); };
  return {in.at("kind"), number("made"), number("failed"), number("removed"), number("left")};
}

template <class T>
json write_all(const std::vector<T>& items) {
  json out = json::array();
  for (const T& item : items) out.push_back(write(item));
  return out;
}

template <class T>
void read_all(const json& document, const char* key, std::vector<T>& into, T (*read)(const json&)) {
  for (const json& item : document.value(key, json::array())) into.push_back(read(item));
}

Metric latency_metric(const std::string& name, double value) { return {name, "s", Better::lower, value, {}}; }

}  // namespace

bool ScenarioOutcome::thresholds_held() const {
  return std::all_of(thresholds.begin(), thresholds.end(), [](const auto& threshold) { return threshold.held; });
}

const Metric* ScenarioOutcome::metric(const std::string& metric_name) const {
  const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.name == metric_name; });
  return found == metrics.end() ? nullptr : &*found;
}

OperationOutcome outcome_of(const std::string& phase, const std::string& name, bool open_loop, const LoadResult& r) {
  OperationOutcome o;
  o.phase = phase;
  o.name = name;
  o.open_loop = open_loop;
  o.requested = r.requested;
  o.sent = r.sent;
  o.succeeded = r.succeeded;
  o.failed = r.failed;
  o.unfinished = r.unfinished;
  o.unsent = r.unsent;
  o.requested_rate = r.requested_rate;
  o.sent_rate = r.sent_rate;
  o.completed_rate = r.completed_rate;
  o.latency_intended = r.latency_intended;
  o.latency_sent = r.latency_sent;
  o.first_byte = r.first_byte;
  o.send_lag = r.send_lag;
  return o;
}

std::vector<Metric> metrics_of(const std::string& phase, const std::string& name, const LoadResult& result) {
  const std::string prefix = phase + "/" + name + "/";
  std::vector<Metric> metrics;
  for (const auto& [label, percent] : {std::pair{"p50", 50.0}, {"p90", 90.0}, {"p99", 99.0}}) {
    Metric metric = latency_metric(prefix + label, to_seconds(result.latency_intended.percentile(percent)));
    for (const LoadWindow& window : result.windows) {
      if (window.intended.count() >= least_per_sample) metric.samples.push_back(to_seconds(window.intended.percentile(percent)));
    }
    metrics.push_back(std::move(metric));
  }
  metrics.push_back(latency_metric(prefix + "max", to_seconds(result.latency_intended.max())));
  Metric rate{prefix + "rate", "1/s", Better::higher, result.completed_rate, {}};
  for (const LoadWindow& window : result.windows) {
    rate.samples.push_back(static_cast<double>(window.completed) / std::chrono::duration<double>(result.window_length).count());
  }
  metrics.push_back(std::move(rate));
  const double lost = static_cast<double>(result.failures() + result.unfinished);
  metrics.push_back({prefix + "error share", "1", Better::lower, result.sent == 0 ? 0 : lost / static_cast<double>(result.sent), {}});
  return metrics;
}

std::vector<Metric> metrics_of(const std::string& prefix, const std::vector<double>& in_order) {
  if (in_order.empty()) return {};
  const std::size_t parts = std::min(most_parts, in_order.size() / least_per_sample);
  std::vector<Metric> metrics;
  for (const auto& [label, share] : {std::pair{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}}) {
    Metric metric = latency_metric(prefix + "/" + label, quantile(in_order, share));
    for (std::size_t part = 0; part < parts; ++part) {
      const auto border = [&](std::size_t i) { return in_order.begin() + static_cast<std::ptrdiff_t>(in_order.size() * i / parts); };
      metric.samples.push_back(quantile(std::vector<double>(border(part), border(part + 1)), share));
    }
    metrics.push_back(std::move(metric));
  }
  metrics.push_back(latency_metric(prefix + "/max", quantile(in_order, 1)));
  return metrics;
}

json to_json(const ScenarioOutcome& o) {
  return {{"name", o.name},
          {"question", o.question},
          {"size", o.size},
          {"repetition", o.repetition},
          {"parameters", o.parameters},
          {"seconds", o.seconds},
          {"valid", o.valid()},
          {"invalid", o.invalid},
          {"unsupported", o.unsupported},
          {"phases", write_all(o.phases)},
          {"operations", write_all(o.operations)},
          {"metrics", write_all(o.metrics)},
          {"distributions", write_all(o.distributions)},
          {"series", write_all(o.series)},
          {"thresholds", write_all(o.thresholds)},
          {"objects", write_all(o.objects)},
          {"clusterMetrics", o.cluster_metrics}};
}

Result<ScenarioOutcome> outcome_from_json(const json& in) {
  try {
    ScenarioOutcome o;
    o.name = in.at("name");
    o.question = in.value("question", "");
    o.size = in.value("size", "");
    o.repetition = in.value("repetition", 1);
    o.parameters = in.value("parameters", o.parameters);
    o.seconds = in.value("seconds", 0.0);
    o.invalid = in.value("invalid", o.invalid);
    o.unsupported = in.value("unsupported", "");
    read_all(in, "phases", o.phases, read_phase);
    read_all(in, "operations", o.operations, read_operation);
    read_all(in, "metrics", o.metrics, read_metric);
    read_all(in, "distributions", o.distributions, read_distribution);
    read_all(in, "series", o.series, read_series);
    read_all(in, "thresholds", o.thresholds, read_threshold);
    read_all(in, "objects", o.objects, read_count);
    o.cluster_metrics = in.value("clusterMetrics", o.cluster_metrics);
    return o;
  } catch (const std::exception& error) {
    return fail(Code::invalid_argument, std::string("reading a scenario's result: ") + error.what());
  }
}

}  // namespace plumb::harness
