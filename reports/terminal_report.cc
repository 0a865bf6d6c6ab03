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

class Painter {
 public:
  explicit Painter(bool colours) : colours_(colours) {}
  std::string good(const std::string& text) const { return paint("32", text); }
  std::string bad(const std::string& text) const { return paint("1;31", text); }
  std::string bold(const std::string& text) const { return paint("1", text); }
  std::string dim(const std::string& text) const { return paint("2", text); }

 private:
  std::string paint(const char* code, const std::string& text) const { return colours_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : text; }
  const bool colours_;
};

std::string shown_at(const harness::Histogram& histogram, double percent) {
  return histogram.empty() ? "-" : format_seconds(static_cast<double>(histogram.percentile(percent)) / 1e9);
}

void write_tests(const Run& run, const Painter& paint, std::string& out) {
  for (const auto& test : run.tests) {
    if (test.verdict == TestVerdict::passed || test.verdict == TestVerdict::skipped) continue;
    const std::string word(to_string(test.verdict));
    out += (test.verdict == TestVerdict::failed ? paint.bad(word) : paint.dim(word)) + "  " + escape_terminal(test.name) + "\n";
    if (!test.requirement.empty()) out += "    " + paint.dim(escape_terminal(test.requirement)) + "\n";
    if (!test.missing.empty()) out += "    the cluster lacks: " + escape_terminal(test.missing) + "\n";
    std::string message = escape_terminal(test.message);
    for (std::size_t at = 0; (at = message.find('\n', at)) != std::string::npos; at += 5) message.replace(at, 1, "\n    ");
    if (!message.empty()) out += "    " + message + "\n";
  }
}

void write_scenario(const harness::ScenarioOutcome& o, const Painter& paint, std::string& out) {
  out += "\n" + paint.bold(escape_terminal(o.name)) + paint.dim(" · " + escape_terminal(o.size) + " · " + format_seconds(o.seconds)) + "\n";
  if (!o.unsupported.empty()) out += "  " + paint.dim("unsupported") + "  " + escape_terminal(o.unsupported) + "\n";
  for (const auto& why : o.invalid) out += "  " + paint.bad("invalid") + "  " + escape_terminal(why) + "\n";
  if (!o.operations.empty()) {
    out += paint.dim(fmt::format("  {:<34} {:>10} {:>11} {:>8} {:>8} {:>11} {:>11} {:>11}", "operation", "asked", "achieved", "done", "lost", "p50", "p99", "max")) + "\n";
  }
  for (const auto& op : o.operations) {
    out += fmt::format("  {:<34} {:>10} {:>11} {:>8} {:>8} {:>11} {:>11} {:>11}\n", escape_terminal(op.phase + ": " + op.name), op.open_loop ? format_number(op.requested_rate) + "/s" : "-",
                       format_number(op.open_loop ? op.sent_rate : op.completed_rate) + "/s", op.succeeded, lost(op),
                       shown_at(op.latency_intended, 50), shown_at(op.latency_intended, 99), shown_at(op.latency_intended, 100));
    for (const Loss& loss : losses(op)) out += fmt::format("      {} x {}\n", loss.count, escape_terminal(loss.what));
  }
  for (const auto& d : o.distributions) {
    out += fmt::format("  {:<46}{:>10} objects, p50 {}, p99 {}, max {}{}\n", escape_terminal(d.name), d.values.count(), shown_at(d.values, 50), shown_at(d.values, 99),
                       shown_at(d.values, 100), d.unfinished == 0 ? "" : fmt::format(", {} never got there", d.unfinished));
  }
  for (const auto& t : o.thresholds) {
    const harness::Metric* metric = o.metric(t.metric);
    const std::string unit = metric ? metric->unit : "";
    out += fmt::format("  {}  {} {} {} {}\n", t.held ? paint.good("held  ") : paint.bad("missed"), escape_terminal(t.metric), t.value ? format_value(*t.value, unit) : "not measured",
                       t.better == harness::Better::lower ? "<" : ">", format_value(t.limit, unit));
  }
}

class TerminalWriter final : public results::Writer {
 public:
  std::string description() const override { return "text for a terminal"; }
  std::string file_name() const override { return ""; }
  Result<std::string> write(const Run& run, const results::WriteOptions& options) const override {
    const Painter paint(options.colours);
    std::string out;
    write_tests(run, paint, out);
    for (const auto& document : run.scenarios) write_scenario(PLUMB_TRY(harness::outcome_from_json(document)), paint, out);
    const std::string word(to_string(run.verdict));
    out += "\n" + (run.verdict == results::RunVerdict::success ? paint.good(word) : paint.bad(word)) + ": " + headline(run) + "\n";
    if (!run.message.empty()) out += escape_terminal(run.message) + "\n";
    return out;
  }
};

const results::RegisteredWriter registered_terminal_report{"terminal", [] { return std::make_unique<TerminalWriter>(); }};

}  // namespace
}  // namespace plumb::reports
