#include <unistd.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "harness/cli/arguments.h"
#include "harness/cli/command.h"
#include "harness/results/writer.h"
#include "reports/compare.h"

namespace plumb::reports {
namespace {

using cli::Arguments;
using cli::Globals;
using results::Writer;

class ReportCommand final : public cli::Command {
 public:
  std::string summary() const override { return "turn a run's results.json into a report"; }
  int run(const std::vector<std::string>& args, Globals globals) override {
    std::string input, output, format = "terminal";
    std::vector<std::string> formats;
    for (const auto& [name, make] : Registry<Writer>::all()) formats.push_back(name);
    Arguments arguments("report", summary(), globals);
    arguments.positional("result", input, "results.json, or a folder that has one", true)
        .choice("--format,-f", format, formats, "what to make")
        .option("--output,-o", output, "the file to write; without it, standard output");
    if (const auto done = arguments.parse(args)) return *done;
    const auto result = results::load(input.ends_with(".json") ? input : input + "/results.json");
    if (!result.ok()) return give_up(result.error());
    const bool colours = output.empty() && isatty(STDOUT_FILENO) != 0;
    const auto text = Registry<Writer>::make(format)->write(*result, {.colours = colours});
    if (!text.ok()) return give_up(text.error());
    if (output.empty()) return std::cout << *text << std::flush, cli::exit_ok;
    std::ofstream file(output);
    if (!(file << *text).flush()) return give_up(fail(Code::permission_denied, "writing " + output + ": it cannot be written; choose another --output"));
    return cli::exit_ok;
  }

 private:
  static int give_up(const Error& error) {
    std::cerr << "plumb report: " << error.message << "\n";
    return cli::exit_usage;
  }
};

class CompareCommand final : public cli::Command {
 public:
  std::string summary() const override { return "compare two runs; exit code 1 on a regression, quiet on noise"; }
  int run(const std::vector<std::string>& args, Globals globals) override {
    std::string before, after;
    bool all = false;
    CompareOptions options;
    Arguments arguments("compare", summary(), globals);
    arguments.positional("before", before, "results.json of the earlier run", true)
        .positional("after", after, "results.json of the later run", true)
        .option("--least-effect", options.least_effect, "smallest relative change that counts, with repeated runs")
        .option("--least-effect-within-run", options.least_effect_within_run, "the same where a scenario ran fewer than five times")
        .option("--significance", options.significance, "how likely a difference may come by chance and still count")
        .flag("--all,-a", all, "show every metric, not only regressions");
    if (const auto done = arguments.parse(args)) return *done;
    const auto old_run = results::load(before), new_run = results::load(after);
    for (const auto* run : {&old_run, &new_run}) {
      if (!run->ok()) return give_up(run->error());
    }
    const auto comparison = compare(*old_run, *new_run, options);
    if (!comparison.ok()) return give_up(comparison.error());
    std::cout << to_text(*comparison, all, isatty(STDOUT_FILENO) != 0) << std::flush;
    return comparison->regressed() ? cli::exit_failed : cli::exit_ok;
  }

 private:
  static int give_up(const Error& error) {
    std::cerr << "plumb compare: " << error.message << "\n";
    return cli::exit_usage;
  }
};

class FormatListing final : public cli::Listing {
 public:
  std::vector<std::pair<std::string, std::string>> entries() const override {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [name, make] : Registry<Writer>::all()) out.emplace_back(name, make()->description());
    return out;
  }
};

const Registered<cli::Command> report{"report", [] { return std::make_unique<ReportCommand>(); }};
const Registered<cli::Command> comparison{"compare", [] { return std::make_unique<CompareCommand>(); }};
const Registered<cli::Listing> formats{"formats", [] { return std::make_unique<FormatListing>(); }};

}  // namespace
}  // namespace plumb::reports
