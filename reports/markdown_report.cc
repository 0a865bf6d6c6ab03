#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/load/outcome.h"
#include "harness/results/writer.h"
#include "reports/summary.h"
#include "reports/text.h"

namespace plumb::reports {
namespace {

using results::Run;
using results::TestVerdict;

std::string seconds_at(const harness::Histogram& histogram, double percent) {
  return histogram.empty() ? "–" : format_seconds(static_cast<double>(histogram.percentile(percent)) / 1e9);
}

// A code fence longer than any run of backticks in the text cannot be closed by it.
std::string fenced(const std::string& text) {
  std::size_t longest = 2, run = 0;
  for (const char c : text) longest = std::max(longest, run = c == '`' ? run + 1 : 0);
  const std::string fence(longest + 1, '`');
  return fence + "\n" + escape_terminal(text) + "\n" + fence + "\n";
}

void write_tests(const Run& run, std::string& out) {
  for (const TestVerdict verdict : {TestVerdict::failed, TestVerdict::unknown, TestVerdict::unsupported, TestVerdict::skipped}) {
    bool first = true;
    for (const auto& test : run.tests) {
      if (test.verdict != verdict) continue;
      if (std::exchange(first, false)) out += fmt::format("\n## {}\n", to_string(verdict));
      out += "\n- **" + escape_markdown(test.name) + "**";
      if (!test.requirement.empty()) out += ": " + escape_markdown(test.requirement);
      if (!test.missing.empty()) out += " (lacks " + escape_markdown(test.missing) + ")";
      out += "\n";
      if (!test.message.empty()) out += "\n" + fenced(test.message);
    }
  }
}

void write_scenario(const harness::ScenarioOutcome& o, std::string& out) {
  out += fmt::format("\n## {} ({})\n\n{}\n", escape_markdown(o.name), escape_markdown(o.size), escape_markdown(o.question));
  if (!o.unsupported.empty()) out += "\n**Unsupported:** " + escape_markdown(o.unsupported) + "\n";
  for (const auto& why : o.invalid) out += "\n**Invalid:** " + escape_markdown(why) + "\n";
  if (!o.thresholds.empty()) {
    out += "\n| Threshold | Measured | Limit | Verdict |\n|---|---:|---:|---|\n";
    for (const auto& t : o.thresholds) {
      const harness::Metric* metric = o.metric(t.metric);
      const std::string unit = metric ? metric->unit : "";
      out += fmt::format("| {} | {} | {} {} | {} |\n", escape_markdown(t.metric), t.value ? format_value(*t.value, unit) : "–",
                         t.better == harness::Better::lower ? "below" : "above", format_value(t.limit, unit), t.held ? "held" : "**missed**");
    }
  }
  if (!o.operations.empty()) {
    out += "\n| Phase | Operation | Asked | Achieved | Done | Lost | p50 | p99 | Max |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n";
    for (const auto& op : o.operations) {
      out += fmt::format("| {} | {} | {} | {}/s | {} | {} | {} | {} | {} |\n", escape_markdown(op.phase), escape_markdown(op.name),
                         op.open_loop ? format_number(op.requested_rate) + "/s" : "–", format_number(op.open_loop ? op.sent_rate : op.completed_rate), op.succeeded,
                         lost(op), seconds_at(op.latency_intended, 50), seconds_at(op.latency_intended, 99),
                         seconds_at(op.latency_intended, 100));
    }
  }
  if (!o.distributions.empty()) {
    out += "\n| Objects' times | Objects | Never got there | p50 | p99 | Max |\n|---|---:|---:|---:|---:|---:|\n";
    for (const auto& d : o.distributions) {
      out += fmt::format("| {} | {} | {} | {} | {} | {} |\n", escape_markdown(d.name), d.values.count(), d.unfinished, seconds_at(d.values, 50), seconds_at(d.values, 99),
                         seconds_at(d.values, 100));
    }
  }
}

class MarkdownWriter final : public results::Writer {
 public:
  std::string description() const override { return "Markdown, for pull requests and wikis"; }
  std::string file_name() const override { return "report.md"; }
  Result<std::string> write(const Run& run, const results::WriteOptions&) const override {
    std::string out = fmt::format("# {}: {}\n\n{}\n\nCluster {}, {}, started {}.\n", run.kind == "perf" ? "Performance" : "Conformance", to_string(run.verdict),
                                  headline(run), escape_markdown(run.cluster.endpoint), escape_markdown(run.cluster.version), results::format_time(run.started));
    if (!run.message.empty()) out += "\n**" + escape_markdown(run.message) + "**\n";
    for (const auto& document : run.scenarios) write_scenario(PLUMB_TRY(harness::outcome_from_json(document)), out);
    write_tests(run, out);
    return out;
  }
};

const results::RegisteredWriter registered_markdown_report{"markdown", [] { return std::make_unique<MarkdownWriter>(); }};

}  // namespace
}  // namespace plumb::reports
