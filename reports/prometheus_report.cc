#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "harness/load/outcome.h"
#include "harness/results/writer.h"
#include "reports/summary.h"
#include "reports/text.h"

namespace plumb::reports {
namespace {

using results::Run;

std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out;
}

// One family: its samples stand together, as the format wants.
class Family {
 public:
  Family(std::string name, const char* help) : name_(std::move(name)), help_(help) {}
  void add(const std::vector<std::pair<const char*, std::string>>& labels, double value) {
    std::string text;
    for (const auto& [key, content] : labels) text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", key, label_value(content));
    samples_ += fmt::format("{}{{{}}} {}\n", name_, text, value);
  }
  std::string text() const { return samples_.empty() ? "" : fmt::format("# HELP {} {}\n# TYPE {} gauge\n{}", name_, help_, name_, samples_); }

 private:
  std::string name_;
  const char* help_;
  std::string samples_;
};

class PrometheusWriter final : public results::Writer {
 public:
  std::string description() const override { return "the finished run in Prometheus' text format, for a textfile collector"; }
  std::string file_name() const override { return "metrics.prom"; }
  Result<std::string> write(const Run& run, const results::WriteOptions&) const override {
    Family tests("plumb_run_tests", "Tests of the run by verdict."), verdict("plumb_run_verdict", "1 for the verdict of the run.");
    Family metric("plumb_run_metric", "What a scenario measured, in the unit that the label says."), valid("plumb_run_scenario_valid", "1 when the numbers of the scenario mean something.");
    Family held("plumb_run_threshold_held", "1 when the threshold held.");
    verdict.add({{"kind", run.kind}, {"verdict", std::string(to_string(run.verdict))}}, 1);
    using V = results::TestVerdict;
    const Tally all = tally(run.tests);
    if (!run.tests.empty()) {
      for (const V v : {V::passed, V::failed, V::skipped, V::unsupported, V::unknown}) tests.add({{"verdict", std::string(to_string(v))}}, static_cast<double>(all.of(v)));
    }
    for (const auto& document : run.scenarios) {
      const auto o = PLUMB_TRY(harness::outcome_from_json(document));
      const std::string repetition = std::to_string(o.repetition);
      valid.add({{"scenario", o.name}, {"size", o.size}, {"repetition", repetition}}, o.valid() && o.unsupported.empty());
      for (const auto& m : o.metrics) metric.add({{"scenario", o.name}, {"size", o.size}, {"repetition", repetition}, {"metric", m.name}, {"unit", m.unit}}, m.value);
      std::map<std::string, bool> seen;
      for (const auto& t : o.thresholds) {
        if (seen.emplace(t.metric, true).second) held.add({{"scenario", o.name}, {"size", o.size}, {"repetition", repetition}, {"metric", t.metric}}, t.held);
      }
    }
    return verdict.text() + tests.text() + valid.text() + metric.text() + held.text();
  }
};

const results::RegisteredWriter registered_prometheus_report{"prometheus", [] { return std::make_unique<PrometheusWriter>(); }};

}  // namespace
}  // namespace plumb::reports
