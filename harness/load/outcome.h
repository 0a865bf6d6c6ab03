// What stands in one entry of `scenarios` in a performance run's result: every number a scenario produced, with what is needed to judge
// whether it may be believed and to compare it with another run. Reports and comparisons read this.
//
// Latencies are in nanoseconds inside histograms and in seconds everywhere else.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/load/engine.h"
#include "harness/load/histogram.h"

namespace plumb::harness {

enum class Better { lower, higher };

// One number that a scenario answers its question with.
struct Metric {
  std::string name;  // "mix/get configmaps/p99", unique in a scenario
  std::string unit;  // "s", "1/s", "1" (a count or share)
  Better better = Better::lower;
  double value = 0;
  // The same measured over equal parts of the run, in order of time: what a comparison takes for noise. Empty: not divisible.
  std::vector<double> samples;
  bool operator==(const Metric&) const = default;
};

// A distribution over objects, such as the time from created to ready.
struct Distribution {
  std::string name;
  Histogram values;             // nanoseconds
  std::uint64_t unfinished = 0;  // objects that never got there
  bool operator==(const Distribution&) const = default;
};

struct Point {
  double at = 0;  // seconds since the scenario began
  double value = 0;
  bool operator==(const Point&) const = default;
};
struct Series {
  std::string name;
  std::string unit;
  std::vector<Point> points;
  bool operator==(const Series&) const = default;
};

// One kind of operation in one phase.
struct OperationOutcome {
  std::string phase;
  std::string name;  // "get configmaps"
  bool open_loop = false;
  std::uint64_t requested = 0, sent = 0, succeeded = 0, unfinished = 0, unsent = 0;
  std::map<std::string, std::uint64_t> failed;  // by reason
  double requested_rate = 0, sent_rate = 0, completed_rate = 0;  // per second
  Histogram latency_intended, latency_sent, first_byte, send_lag;
  bool operator==(const OperationOutcome&) const = default;
};

struct PhaseOutcome {
  std::string name;
  double began = 0;  // seconds since the scenario began
  double length = 0;
  bool operator==(const PhaseOutcome&) const = default;
};

struct ThresholdOutcome {
  std::string metric;
  Better better = Better::lower;  // lower: value must be below the limit; higher: above
  double limit = 0;
  std::optional<double> value;    // nothing measured: not held
  bool held = false;
  bool operator==(const ThresholdOutcome&) const = default;
};

// The objects that the scenario made, by kind; made == removed + left at the end.
struct ObjectCount {
  std::string kind;
  std::uint64_t made = 0, failed = 0, removed = 0, left = 0;
  bool operator==(const ObjectCount&) const = default;
};

struct ScenarioOutcome {
  std::string name;
  std::string question;
  std::string size;
  int repetition = 1;
  std::map<std::string, std::string> parameters;
  double seconds = 0;
  std::vector<std::string> invalid;  // why its numbers mean nothing; empty: they do
  std::string unsupported;           // what the cluster lacks; empty: nothing. Then there are no thresholds, and numbers mean nothing
  std::vector<PhaseOutcome> phases;
  std::vector<OperationOutcome> operations;
  std::vector<Metric> metrics;
  std::vector<Distribution> distributions;
  std::vector<Series> series;
  std::vector<ThresholdOutcome> thresholds;
  std::vector<ObjectCount> objects;
  std::map<std::string, double> cluster_metrics;  // differences of the cluster's own counters over the run

  bool valid() const { return invalid.empty(); }
  bool thresholds_held() const;
  const Metric* metric(const std::string& metric_name) const;
  bool operator==(const ScenarioOutcome&) const = default;
};

// The accounting of one load run, and what it measured as metrics: rates, and latency percentiles with one sample a window.
OperationOutcome outcome_of(const std::string& phase, const std::string& name, bool open_loop, const LoadResult& result);
std::vector<Metric> metrics_of(const std::string& phase, const std::string& name, const LoadResult& result);
// p50, p90, p99 and max of a distribution over objects; the samples are those of equal parts of `in_order` (in seconds).
std::vector<Metric> metrics_of(const std::string& prefix, const std::vector<double>& in_order);

nlohmann::json to_json(const ScenarioOutcome& outcome);
Result<ScenarioOutcome> outcome_from_json(const nlohmann::json& document);

}  // namespace plumb::harness
