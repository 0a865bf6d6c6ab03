#include "reports/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "reports/text.h"

namespace plumb::reports {
namespace {

using harness::Better;
using harness::Metric;
using harness::ScenarioOutcome;
using Repetitions = std::vector<ScenarioOutcome>;

Result<std::map<std::string, Repetitions>> scenarios_of(const results::Run& run) {
  std::map<std::string, Repetitions> scenarios;
  for (const auto& document : run.scenarios) {
    auto outcome = PLUMB_TRY(harness::outcome_from_json(document));
    if (!outcome.valid()) {
      return fail(Code::invalid_argument,
                  "comparing run " + run.id + ": its scenario " + outcome.name + " is invalid (" + outcome.invalid.front() + "); run it again");
    }
    if (!outcome.unsupported.empty()) continue;
    scenarios[outcome.name + " (" + outcome.size + ")"].push_back(std::move(outcome));
  }
  return scenarios;
}

struct Samples {
  std::vector<double> repetitions, windows;
};

Samples samples_of(const Repetitions& repetitions, const std::string& name) {
  Samples samples;
  for (const ScenarioOutcome& outcome : repetitions) {
    const Metric* metric = outcome.metric(name);
    if (!metric) continue;
    samples.repetitions.push_back(metric->value);
    samples.windows.insert(samples.windows.end(), metric->samples.begin(), metric->samples.end());
  }
  return samples;
}

void judge(MetricComparison& result, const std::vector<double>& before, const std::vector<double>& after, Better better, const CompareOptions& options) {
  result.samples_before = before.size();
  result.samples_after = after.size();
  result.before = harness::median(before);
  result.after = harness::median(after);
  result.relative = harness::relative_change_of_medians(before, after);
  result.p = harness::mann_whitney(before, after).p;
  result.interval = harness::bootstrap(before, after, harness::relative_change_of_medians, 1 - options.significance);
  const double least = result.repetitions ? options.least_effect : options.least_effect_within_run;
  const bool large = std::abs(result.relative) >= least && (result.unit != "s" || std::abs(result.after - result.before) >= options.least_seconds);
  const bool certain = result.p < options.significance && (result.interval.low > 0 || result.interval.high < 0);
  if (!large || !certain) return;
  result.change = (result.relative > 0) == (better == Better::lower) ? Change::worse : Change::better;
}

MetricComparison compare_metric(const std::string& scenario, const Metric& metric, const Repetitions& before, const Repetitions& after,
                                const CompareOptions& options) {
  MetricComparison result{.scenario = scenario, .metric = metric.name, .unit = metric.unit};
  const Samples old_samples = samples_of(before, metric.name), new_samples = samples_of(after, metric.name);
  result.repetitions = std::min(old_samples.repetitions.size(), new_samples.repetitions.size()) >= options.least_samples;
  const auto& a = result.repetitions ? old_samples.repetitions : old_samples.windows;
  const auto& b = result.repetitions ? new_samples.repetitions : new_samples.windows;
  if (std::min(a.size(), b.size()) >= options.least_samples) {
    judge(result, a, b, metric.better, options);
    return result;
  }
  result.before = harness::median(old_samples.repetitions);
  result.after = harness::median(new_samples.repetitions);
  result.relative = harness::relative_change_of_medians(old_samples.repetitions, new_samples.repetitions);
  result.samples_before = a.size();
  result.samples_after = b.size();
  result.change = Change::undecidable;
  result.why = fmt::format("{} and {} samples, at least {} are needed on both sides", a.size(), b.size(), options.least_samples);
  return result;
}

struct Lost {
  double sent = 0, lost = 0;
  double share() const { return sent == 0 ? 0 : lost / sent; }
};

std::map<std::string, Lost> losses_of(const Repetitions& repetitions) {
  std::map<std::string, Lost> losses;
  for (const auto& outcome : repetitions) {
    for (const auto& operation : outcome.operations) {
      Lost& lost = losses[operation.phase + "/" + operation.name + "/error share"];
      lost.sent += static_cast<double>(operation.sent);
      lost.lost += static_cast<double>(operation.sent - std::min(operation.succeeded, operation.sent));
    }
  }
  return losses;
}

// Shares of failed operations are counts: a test of two proportions, not of medians.
MetricComparison compare_losses(const std::string& scenario, const std::string& name, const Lost& a, const Lost& b, const CompareOptions& options) {
  MetricComparison result{.scenario = scenario, .metric = name, .unit = "1", .before = a.share(), .after = b.share()};
  result.samples_before = static_cast<std::size_t>(a.sent);
  result.samples_after = static_cast<std::size_t>(b.sent);
  if (a.sent == 0 || b.sent == 0) {
    result.change = Change::undecidable;
    result.why = "nothing was sent";
    return result;
  }
  const double pooled = (a.lost + b.lost) / (a.sent + b.sent);
  const double deviation = std::sqrt(pooled * (1 - pooled) * (1 / a.sent + 1 / b.sent));
  const double difference = b.share() - a.share();
  result.relative = a.share() == 0 ? (b.share() == 0 ? 0 : INFINITY) : b.share() / a.share() - 1;
  result.p = deviation == 0 ? 1 : std::erfc(std::abs(difference) / deviation / std::sqrt(2.0));
  if (result.p < options.significance && std::abs(difference) >= options.least_error_share) {
    result.change = difference > 0 ? Change::worse : Change::better;
  }
  return result;
}

void compare_scenario(const std::string& name, const Repetitions& before, const Repetitions& after, const CompareOptions& options, Comparison& into) {
  const auto old_losses = losses_of(before), new_losses = losses_of(after);
  for (const Metric& metric : before.front().metrics) {
    if (samples_of(after, metric.name).repetitions.empty()) {
      into.missing.push_back(name + ": " + metric.name);
    } else if (old_losses.contains(metric.name)) {
      if (new_losses.contains(metric.name)) {
        into.metrics.push_back(compare_losses(name, metric.name, old_losses.at(metric.name), new_losses.at(metric.name), options));
      }
    } else {
      into.metrics.push_back(compare_metric(name, metric, before, after, options));
    }
  }
}

void compare_tests(const results::Run& before, const results::Run& after, Comparison& into) {
  std::map<std::string, results::TestVerdict> now;
  for (const auto& test : after.tests) now[test.name] = test.verdict;
  for (const auto& test : before.tests) {
    const bool passed = test.verdict == results::TestVerdict::passed, failed = test.verdict == results::TestVerdict::failed;
    const auto found = now.find(test.name);
    if (found == now.end() || (found->second != results::TestVerdict::passed && found->second != results::TestVerdict::failed)) {
      if (passed) into.missing.push_back("test " + test.name);
    } else if (passed && found->second == results::TestVerdict::failed) {
      into.broken_tests.push_back(test.name);
    } else if (failed && found->second == results::TestVerdict::passed) {
      into.mended_tests.push_back(test.name);
    }
  }
}

std::string line_of(const MetricComparison& m, bool colours) {
  const bool worse = m.change == Change::worse, better = m.change == Change::better;
  const char* word = worse ? "WORSE " : better ? "better" : m.change == Change::same ? "same  " : "unsure";
  const char* colour = worse ? "\x1b[31m" : better ? "\x1b[32m" : "\x1b[2m";
  std::string line = fmt::format("{}{}{}  {}: {}  {} -> {}", colours ? colour : "", word, colours ? "\x1b[0m" : "", escape_terminal(m.scenario),
                                 escape_terminal(m.metric), format_value(m.before, m.unit), format_value(m.after, m.unit));
  if (std::isfinite(m.relative)) line += fmt::format("  ({:+.1f} %", m.relative * 100);
  else line += "  (from nothing";
  if (m.change == Change::undecidable) return line + "; " + m.why + ")\n";
  if (m.interval.low != 0 || m.interval.high != 0) line += fmt::format(", interval {:+.1f} to {:+.1f} %", m.interval.low * 100, m.interval.high * 100);
  return line + fmt::format(", p {:.2g}, {} and {} {})\n", m.p, m.samples_before, m.samples_after, m.repetitions ? "repetitions" : "samples");
}

}  // namespace

std::size_t Comparison::count(Change change) const {
  return static_cast<std::size_t>(std::count_if(metrics.begin(), metrics.end(), [&](const auto& m) { return m.change == change; }));
}

Result<Comparison> compare(const results::Run& before, const results::Run& after, const CompareOptions& options) {
  if (before.kind != after.kind) {
    return fail(Code::invalid_argument, "comparing runs: one is a " + before.kind + " run, the other a " + after.kind + " run; give two of one kind");
  }
  for (const auto* run : {&before, &after}) {
    if (run->verdict == results::RunVerdict::invalid) {
      return fail(Code::invalid_argument, "comparing runs: run " + run->id + " is invalid: " + (run->message.empty() ? "see its report" : run->message));
    }
  }
  Comparison result;
  const auto old_scenarios = PLUMB_TRY(scenarios_of(before)), new_scenarios = PLUMB_TRY(scenarios_of(after));
  for (const auto& [name, repetitions] : old_scenarios) {
    const auto found = new_scenarios.find(name);
    if (found == new_scenarios.end()) result.missing.push_back("scenario " + name);
    else compare_scenario(name, repetitions, found->second, options, result);
  }
  compare_tests(before, after, result);
  const bool common_test = std::any_of(before.tests.begin(), before.tests.end(), [&](const auto& a) {
    return std::any_of(after.tests.begin(), after.tests.end(), [&](const auto& b) { return a.name == b.name; });
  });
  if (result.metrics.empty() && !common_test) {
    return fail(Code::invalid_argument, "comparing runs: they have no scenario of one size and no test in common");
  }
  return result;
}

std::string to_text(const Comparison& comparison, bool all, bool colours) {
  std::string out;
  for (const auto& test : comparison.broken_tests) out += "BROKEN  " + escape_terminal(test) + "\n";
  if (all) {
    for (const auto& test : comparison.mended_tests) out += "mended  " + escape_terminal(test) + "\n";
  }
  for (const Change change : {Change::worse, Change::better, Change::same, Change::undecidable}) {
    if (!all && change != Change::worse) continue;
    for (const auto& metric : comparison.metrics) out += metric.change == change ? line_of(metric, colours) : "";
  }
  for (const auto& name : comparison.missing) out += "missing in the later run: " + escape_terminal(name) + "\n";
  const auto undecidable = comparison.count(Change::undecidable);
  if (!comparison.metrics.empty() && undecidable == comparison.metrics.size()) {
    out += "too few data to tell: no metric has enough samples; measure longer, or with --repeat 5\n";
  } else if (all && undecidable != 0) {
    out += fmt::format("{} of {} metrics have too few samples to tell\n", undecidable, comparison.metrics.size());
  }
  return out;
}

}  // namespace plumb::reports
