#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/load/outcome.h"
#include "harness/results/writer.h"
#include "reports/chart.h"
#include "reports/html_assets.h"
#include "reports/summary.h"
#include "reports/text.h"

namespace plumb::reports {
namespace {

using harness::Better;
using harness::ScenarioOutcome;
using results::Run;
using results::RunVerdict;
using results::TestVerdict;

constexpr const char* logo =
    "<svg width=\"26\" height=\"26\" viewBox=\"0 0 26 26\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2\" stroke-linecap=\"round\" aria-hidden=\"true\">"
    "<path d=\"M6 3h14M13 3v11\"/><path d=\"M9.5 14h7l-3.5 9z\" fill=\"currentColor\" stroke-linejoin=\"round\"/></svg>";

std::string badge(const char* style, const char* icon, std::string_view text, bool big = false) {
  return fmt::format("<span class=\"badge {}{}\"><span aria-hidden=\"true\">{}</span>{}</span>", style, big ? " big" : "", icon, escape(text));
}

std::string badge_of(RunVerdict verdict) {
  switch (verdict) {
    case RunVerdict::success: return badge("good", "✓", "Success", true);
    case RunVerdict::failure: return badge("bad", "✕", "Failure", true);
    case RunVerdict::partial: return badge("warn", "◐", "Partial", true);
    case RunVerdict::invalid: return badge("bad", "!", "Invalid", true);
  }
  return "";
}

std::string badge_of(TestVerdict verdict) {
  switch (verdict) {
    case TestVerdict::passed: return badge("good", "✓", "passed");
    case TestVerdict::failed: return badge("bad", "✕", "failed");
    case TestVerdict::skipped: return badge("quiet", "–", "skipped");
    case TestVerdict::unsupported: return badge("quiet", "○", "unsupported");
    case TestVerdict::unknown: return badge("warn", "?", "unknown");
  }
  return "";
}

std::string card(const std::string& figure, const std::string& label) {
  return "<div class=\"card\"><div class=\"figure\">" + escape(figure) + "</div><div class=\"label\">" + escape(label) + "</div></div>";
}

std::string readable_time(WallTime time) {
  std::string text = results::format_time(time);
  text.replace(10, 1, " ");
  return text.substr(0, 16) + " UTC";
}

class Page {
 public:
  explicit Page(const Run& run) : run_(run) {}

  Result<std::string> write() {
    std::vector<ScenarioOutcome> outcomes;
    for (const auto& document : run_.scenarios) outcomes.push_back(PLUMB_TRY(harness::outcome_from_json(document)));
    head();
    hero();
    if (!run_.tests.empty()) tests();
    for (const auto& outcome : outcomes) scenario(outcome, outcomes.size());
    nodes();
    foot();
    return std::move(out_);
  }

 private:
  std::string title() const { return run_.kind == "conformance" ? "Conformance report" : run_.kind == "perf" ? "Performance report" : "Report"; }

  void head() {
    out_ += "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
            "<title>" + title() + " · " + escape(run_.cluster.endpoint) + "</title><style>" + style_css + "</style></head><body>";
    out_ += std::string("<header class=\"bar\">") + logo + "<span class=\"brand\">Plumbline</span><span class=\"space\"></span>"
            "<button id=\"theme\" type=\"button\">Light / dark</button></header><main>";
  }

  void fact(const char* name, const std::string& value) {
    if (!value.empty()) out_ += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, escape(value));
  }

  void hero() {
    out_ += "<section class=\"hero\"><div><h1>" + title() + "</h1><p class=\"soft\">" + escape(headline(run_)) + "</p><dl>";
    fact("Cluster", run_.cluster.endpoint);
    fact("Version", run_.cluster.version);
    fact("Platform", run_.cluster.platform);
    fact("Nodes", run_.cluster.node_count == 0 ? "" : format_count(run_.cluster.node_count));
    fact("Started", readable_time(run_.started));
    if (run_.finished) fact("Took", format_seconds(in_seconds(*run_.finished - run_.started)));
    out_ += "</dl></div><div>" + badge_of(run_.verdict) + "</div></section>";
    if (!run_.message.empty()) out_ += "<p class=\"note bad\">" + escape(run_.message) + "</p>";
  }

  // --- conformance

  void tests() {
    const Tally all = tally(run_.tests);
    out_ += "<h2>Tests</h2><div class=\"cards\">";
    out_ += card(format_count(all.total()), "tests") + card(format_count(all.passed), "passed") + card(format_count(all.failed), "failed");
    out_ += card(format_count(all.skipped + all.unsupported), "skipped or unsupported") + card(format_count(all.unknown), "never finished");
    out_ += "</div>";
    suites();
    out_ += "<div class=\"panel\"><div class=\"tools\"><input id=\"search\" type=\"search\" placeholder=\"Search names, requirements, messages\" aria-label=\"Search tests\">";
    filter("", "all", true);
    for (const TestVerdict verdict : {TestVerdict::failed, TestVerdict::passed, TestVerdict::skipped, TestVerdict::unsupported, TestVerdict::unknown}) {
      if (all.of(verdict) != 0) filter(std::string(to_string(verdict)), std::string(to_string(verdict)), false);
    }
    out_ += "<span id=\"shown\" class=\"soft\" aria-live=\"polite\"></span></div>";
    auto sorted = run_.tests;
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return urgency(a.verdict) < urgency(b.verdict); });
    for (const auto& test : sorted) one_test(test);
    out_ += "</div>";
  }

  void filter(const std::string& value, const std::string& text, bool pressed) {
    out_ += fmt::format("<button type=\"button\" data-filter=\"{}\" aria-pressed=\"{}\">{}</button>", escape(value), pressed, escape(text));
  }

  void suites() {
    std::map<std::string, std::vector<results::TestResult>> by_suite;
    for (const auto& test : run_.tests) by_suite[test.suite].push_back(test);
    out_ += "<div class=\"panel scroll\"><table><thead><tr><th>Suite</th><th>Verdicts</th><th class=\"n\">Passed</th><th class=\"n\">Failed</th>"
            "<th class=\"n\">Other</th></tr></thead><tbody>";
    for (const auto& [name, tests] : by_suite) {
      const Tally t = tally(tests);
      const auto part = [&](const char* style, std::size_t count) {
        return fmt::format("<i class=\"{}\" style=\"width:{:.2f}%\"></i>", style, 100.0 * static_cast<double>(count) / static_cast<double>(t.total()));
      };
      out_ += fmt::format("<tr><td>{}</td><td><div class=\"stack\" role=\"img\" aria-label=\"{} passed, {} failed\">{}{}{}{}</div></td><td class=\"n\">{}</td>"
                          "<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                          escape(name), t.passed, t.failed, part("p", t.passed), part("f", t.failed), part("u", t.unknown), part("s", t.skipped + t.unsupported),
                          t.passed, t.failed, t.total() - t.passed - t.failed);
    }
    out_ += "</tbody></table></div>";
  }

  void list(const char* name, const std::vector<std::string>& items, bool links) {
    if (items.empty()) return;
    out_ += fmt::format("<p class=\"soft\">{}</p><ul>", name);
    for (const auto& item : items) {
      const bool safe = links && item.find(':') == std::string::npos && !item.starts_with('/');
      out_ += safe ? fmt::format("<li><a href=\"{0}\">{0}</a></li>", escape(item)) : "<li>" + escape(item) + "</li>";
    }
    out_ += "</ul>";
  }

  void one_test(const results::TestResult& test) {
    const bool failed = test.verdict == TestVerdict::failed;
    out_ += fmt::format("<details data-verdict=\"{}\"{}><summary>{}<span class=\"name\">{}</span><span class=\"time\">{}</span></summary><div class=\"body\">",
                        to_string(test.verdict), failed ? " open" : "", badge_of(test.verdict), escape(test.name),
                        test.duration > Duration::zero() ? format_seconds(in_seconds(test.duration)) : "");
    if (!test.requirement.empty()) out_ += "<p>" + escape(test.requirement) + "</p>";
    if (!test.missing.empty()) out_ += "<p class=\"soft\">The cluster lacks: " + escape(test.missing) + "</p>";
    if (!test.message.empty()) out_ += "<pre>" + escape(test.message) + "</pre>";
    list("Evidence", test.evidence, true);
    list("Upstream behaviours covered", test.covers, false);
    if (failed) out_ += "<p class=\"soft\">Run it alone: <code>plumb conformance run --focus '^" + escape(test.name) + "$'</code></p>";
    out_ += "</div></details>";
  }

  // --- performance

  void scenario(const ScenarioOutcome& o, std::size_t scenarios) {
    out_ += "<section><h2>" + escape(o.name) + (scenarios > 1 && o.repetition > 1 ? fmt::format(" <span class=\"soft\">repetition {}</span>", o.repetition) : "") + " ";
    out_ += !o.valid() ? badge("bad", "!", "invalid") : !o.unsupported.empty() ? badge("quiet", "○", "unsupported") : o.thresholds_held() ? badge("good", "✓", "thresholds held") : badge("bad", "✕", "threshold missed");
    out_ += "</h2><p class=\"soft\">" + escape(o.question) + "</p>";
    if (!o.unsupported.empty()) out_ += "<p>The cluster lacks: " + escape(o.unsupported) + "</p>";
    if (!o.valid()) {
      out_ += "<div class=\"note bad\"><strong>These numbers mean nothing.</strong><ul>";
      for (const auto& why : o.invalid) out_ += "<li>" + escape(why) + "</li>";
      out_ += "</ul></div>";
    }
    cards(o);
    thresholds(o);
    operations(o);
    charts(o);
    distributions(o);
    account(o);
    out_ += "</section>";
  }

  void cards(const ScenarioOutcome& o) {
    std::uint64_t succeeded = 0, not_done = 0;
    for (const auto& operation : o.operations) {
      succeeded += operation.succeeded;
      not_done += lost(operation);
    }
    out_ += "<div class=\"cards\">" + card(o.size, "size") + card(format_seconds(o.seconds), "run time") + card(format_count(static_cast<double>(succeeded)), "operations done");
    out_ += card(format_count(static_cast<double>(not_done)), "failed, unfinished or unsent");
    for (const auto& metric : o.metrics) {
      if (metric.name.ends_with("throughput")) out_ += card(format_value(metric.value, metric.unit), metric.name);
    }
    out_ += "</div>";
  }

  void thresholds(const ScenarioOutcome& o) {
    if (o.thresholds.empty()) return;
    out_ += "<div class=\"panel scroll\"><h3>Thresholds</h3><table><thead><tr><th>Metric</th><th class=\"n\">Measured</th><th class=\"n\">Limit</th><th>Of the limit</th>"
            "<th>Verdict</th></tr></thead><tbody>";
    for (const auto& t : o.thresholds) {
      const harness::Metric* metric = o.metric(t.metric);
      const std::string unit = metric ? metric->unit : "";
      const double share = t.value && t.limit != 0 ? std::clamp(*t.value / t.limit, 0.0, 1.0) : 0;
      out_ += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{} {}</td><td><div class=\"meter\"><i class=\"{}\" style=\"width:{:.1f}%\"></i></div></td><td>{}</td></tr>",
                          escape(t.metric), t.value ? escape(format_value(*t.value, unit)) : "not measured", t.better == Better::lower ? "below" : "above",
                          escape(format_value(t.limit, unit)), t.held ? "" : "over", share * 100,
                          t.held ? badge("good", "✓", "held") : badge("bad", "✕", "missed"));
    }
    out_ += "</tbody></table></div>";
  }

  void operations(const ScenarioOutcome& o) {
    if (o.operations.empty()) return;
    out_ += "<div class=\"panel scroll\"><h3>Operations</h3><table><thead><tr><th>Operation</th><th class=\"n\">Rate asked</th><th class=\"n\">Rate achieved</th>"
            "<th class=\"n\">Done</th><th class=\"n\">Lost</th><th class=\"n\">p50</th><th class=\"n\">p90</th><th class=\"n\">p99</th><th class=\"n\">Max</th>"
            "<th class=\"n\">p99 from sending</th></tr></thead><tbody>";
    for (const auto& op : o.operations) {
      const auto at = [](const harness::Histogram& h, double percent) { return h.empty() ? std::string("–") : escape(format_seconds(static_cast<double>(h.percentile(percent)) / 1e9)); };
      std::string not_done = format_count(static_cast<double>(lost(op)));
      for (const Loss& loss : losses(op)) not_done += fmt::format("<div class=\"sub\">{} × {}</div>", loss.count, escape(loss.what));
      out_ += fmt::format("<tr><td>{}<div class=\"sub\">{}{}</div></td><td class=\"n\">{}</td><td class=\"n\">{}/s</td><td class=\"n\">{}</td><td class=\"n\">{}</td>", escape(op.name),
                          escape(op.phase), op.open_loop ? "" : ", closed loop", op.open_loop ? format_number(op.requested_rate) + "/s" : "–",
                          format_number(op.open_loop ? op.sent_rate : op.completed_rate), format_count(static_cast<double>(op.succeeded)), not_done);
      const auto& h = op.latency_intended;
      out_ += fmt::format("<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>", at(h, 50), at(h, 90), at(h, 99),
                          at(h, 100), at(op.latency_sent, 99));
    }
    out_ += "</tbody></table><p class=\"soft\">Latencies count from when an operation was meant to be sent, so waiting behind a stall is part of them.</p></div>";
  }

  // Percentiles on an axis on which each further nine is one step.
  static ChartLine percentile_line(const harness::Histogram& histogram, std::string name, int colour, bool dashed) {
    ChartLine line{std::move(name), {}, colour, dashed, false};
    const double last = std::log10(std::max<double>(static_cast<double>(histogram.count()), 1));
    for (int step = 0; step <= 100; ++step) {
      const double nines = std::min(4.0, last) * step / 100;
      line.points.emplace_back(nines, static_cast<double>(histogram.percentile(100 * (1 - std::pow(10, -nines)))) / 1e9);
    }
    return line;
  }

  void panel(const std::string& name, const std::string& content) {
    if (!content.empty()) out_ += "<div class=\"panel\"><h3>" + escape(name) + "</h3>" + content + "</div>";
  }

  Chart percentile_chart(std::string description) const {
    Chart chart;
    chart.description = std::move(description);
    chart.x_title = "percentile";
    chart.x_marks = {{0, "0"}, {std::log10(2.0), "50"}, {1, "90"}, {2, "99"}, {3, "99.9"}, {4, "99.99"}};
    chart.y_text = format_seconds;
    chart.logarithmic = true;
    return chart;
  }

  using Charts = std::vector<std::pair<std::string, Chart>>;  // in the order in which they came up
  Chart& chart_of(Charts& charts, const std::string& name, std::string description) const {
    const auto found = std::find_if(charts.begin(), charts.end(), [&](const auto& chart) { return chart.first == name; });
    return found != charts.end() ? found->second : charts.emplace_back(name, percentile_chart(std::move(description))).second;
  }

  void charts(const ScenarioOutcome& o) {
    Charts by_phase;
    for (const auto& op : o.operations) {
      if (op.latency_intended.count() < 2) continue;
      Chart& chart = chart_of(by_phase, op.phase, "Latency percentiles by operation in phase " + op.phase);
      const int colour = static_cast<int>(chart.lines.size() / 2);
      chart.lines.push_back(percentile_line(op.latency_intended, op.name, colour, false));
      chart.lines.push_back(percentile_line(op.latency_sent, op.name + ", from sending", colour, true));
    }
    out_ += "<div class=\"pair\">";
    for (const auto& [phase, chart] : by_phase) {
      panel("Latency in phase " + phase, to_svg(chart) + "<p class=\"soft\">Dashed: from when it was really sent.</p>");
    }
    Chart rates;
    rates.description = "Rates over time";
    rates.x_title = "time";
    rates.x_text = format_seconds;
    rates.y_text = [](double value) { return format_number(value) + "/s"; };
    for (const auto& series : o.series) {
      ChartLine line{series.name, {}, static_cast<int>(rates.lines.size()), false, true};
      for (const auto& point : series.points) line.points.emplace_back(point.at, point.value);
      rates.lines.push_back(std::move(line));
    }
    panel("Rates over time", to_svg(rates));
    Charts times;  // a chart a phase, so that no two lines of one are of the same colour
    for (const auto& distribution : o.distributions) {
      if (distribution.values.count() < 2) continue;
      const auto colon = distribution.name.find(": ");
      const std::string phase = colon == std::string::npos ? "" : distribution.name.substr(0, colon);
      Chart& chart = chart_of(times, phase, "Percentiles of the times objects took " + phase);
      chart.lines.push_back(percentile_line(distribution.values, phase.empty() ? distribution.name : distribution.name.substr(colon + 2), static_cast<int>(chart.lines.size()), false));
    }
    for (const auto& [phase, chart] : times) panel("What objects waited for" + (phase.empty() ? "" : " in phase " + phase), to_svg(chart));
    out_ += "</div>";
  }

  void distributions(const ScenarioOutcome& o) {
    if (o.distributions.empty()) return;
    out_ += "<div class=\"panel scroll\"><h3>Times of objects</h3><table><thead><tr><th>From … to</th><th class=\"n\">Objects</th><th class=\"n\">Never got there</th><th class=\"n\">p50</th>"
            "<th class=\"n\">p90</th><th class=\"n\">p99</th><th class=\"n\">Max</th></tr></thead><tbody>";
    for (const auto& d : o.distributions) {
      const auto at = [&](double percent) { return d.values.empty() ? std::string("–") : escape(format_seconds(static_cast<double>(d.values.percentile(percent)) / 1e9)); };
      out_ += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                          escape(d.name), d.values.count(), d.unfinished, at(50), at(90), at(99), at(100));
    }
    out_ += "</tbody></table></div>";
  }

  void account(const ScenarioOutcome& o) {
    out_ += "<div class=\"pair small\">";
    std::string rows;
    for (const auto& c : o.objects) {
      rows += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>", escape(c.kind),
                          format_count(static_cast<double>(c.made)), format_count(static_cast<double>(c.failed)), format_count(static_cast<double>(c.removed)),
                          format_count(static_cast<double>(c.left)));
    }
    if (!rows.empty()) {
      panel_table("Objects", "<th>Kind</th><th class=\"n\">Made</th><th class=\"n\">Refused</th><th class=\"n\">Removed</th><th class=\"n\">Left</th>", rows);
    }
    rows.clear();
    for (const auto& [name, value] : o.cluster_metrics) rows += fmt::format("<tr><td>{}</td><td class=\"n\">+{}</td></tr>", escape(name), format_number(value));
    if (!rows.empty()) panel_table("The cluster's own counters", "<th>Metric</th><th class=\"n\">Grew by</th>", rows);
    rows.clear();
    for (const auto& [name, value] : o.parameters) rows += "<tr><td>" + escape(name) + "</td><td class=\"n long\">" + escape(value) + "</td></tr>";
    if (!rows.empty()) panel_table("Parameters", "<th>Name</th><th class=\"n\">Value</th>", rows);
    out_ += "</div>";
  }

  void panel_table(const char* name, const char* header, const std::string& rows) {
    out_ += fmt::format("<div class=\"panel scroll\"><h3>{}</h3><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>", name, header, rows);
  }

  void nodes() {
    if (run_.cluster.nodes.empty()) return;
    std::string rows;
    for (const auto& n : run_.cluster.nodes) {
      rows += "<tr><td>" + escape(n.name) + "</td><td>" + escape(n.kubelet_version) + "</td><td>" + escape(n.container_runtime) + "</td><td>" + escape(n.os_image) + "</td><td>" +
              escape(n.architecture) + "</td></tr>";
    }
    out_ += "<h2>Nodes</h2>";
    panel_table(static_cast<std::size_t>(run_.cluster.node_count) > run_.cluster.nodes.size() ? "The first of them" : "All of them",
                "<th>Name</th><th>Kubelet</th><th>Runtime</th><th>System</th><th>Architecture</th>", rows);
  }

  void foot() {
    out_ += "</main><footer><p>Run " + escape(run_.id) + " · plumb " + escape(run_.tool_version) + "</p>";
    if (!run_.command.empty()) out_ += "<pre>" + escape(run_.command) + "</pre>";
    out_ += std::string("</footer><script>") + script_js + "</script></body></html>\n";
  }

  const Run& run_;
  std::string out_;
};

class HtmlWriter final : public results::Writer {
 public:
  std::string description() const override { return "one self-contained page with charts, for a browser"; }
  std::string file_name() const override { return "report.html"; }
  Result<std::string> write(const Run& run, const results::WriteOptions&) const override { return Page(run).write(); }
};

const results::RegisteredWriter registered_html_report{"html", [] { return std::make_unique<HtmlWriter>(); }};

}  // namespace
}  // namespace plumb::reports
