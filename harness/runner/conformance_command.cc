#include <atomic>
#include <csignal>
#include <iomanip>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/base/encoding.h"
#include "harness/cli/arguments.h"
#include "harness/cli/progress.h"
#include "harness/results/writer.h"
#include "harness/runner/coverage_command.h"
#include "harness/runner/runner.h"
#include "harness/runner/worker_start.h"

namespace plumb::harness {
namespace {

using results::RunVerdict;
using results::TestResult;
using results::TestVerdict;

std::atomic<bool> interrupted = false;
void interrupt(int) { interrupted = true; }

cli::Colour colour_of(TestVerdict verdict) {
  switch (verdict) {
    case TestVerdict::passed: return cli::Colour::green;
    case TestVerdict::failed: return cli::Colour::red;
    case TestVerdict::unknown: return cli::Colour::yellow;
    default: return cli::Colour::grey;
  }
}

std::string line_of(const TestResult& test, const cli::Progress& progress) {
  std::ostringstream out;
  std::string verdict(to_string(test.verdict));
  verdict.resize(12, ' ');
  out << progress.paint(colour_of(test.verdict), verdict) << test.name;
  if (test.started) out << std::fixed << std::setprecision(1) << "  " << std::chrono::duration<double>(test.duration).count() << " s";
  if (!test.missing.empty()) out << "  (" << test.missing << ")";
  return out.str();
}

class ConformanceCommand final : public cli::Command {
 public:
  std::string summary() const override { return "judge a cluster's behaviour: list, run, coverage"; }

  int run(const std::vector<std::string>& args, cli::Globals globals) override {
    const std::vector<std::string> rest(args.begin() + (args.empty() ? 0 : 1), args.end());
    if (!args.empty() && args[0] == "list") return list(rest, globals);
    if (!args.empty() && args[0] == "run") return execute(rest, globals);
    if (!args.empty() && args[0] == "coverage") return coverage_command(rest, globals);
    const bool help = !args.empty() && (args[0] == "--help" || args[0] == "-h");
    (help ? std::cout : std::cerr) << "Usage: plumb conformance list|run|coverage [options]\n"
                                      "  list      name the tests, what each requires and what it covers\n"
                                      "  run       run them against the cluster of the kubeconfig\n"
                                      "  coverage  count what they reach of upstream's behaviours and endpoints\n"
                                      "`plumb conformance run --help` tells the options.\n";
    return help ? cli::exit_ok : cli::exit_usage;
  }

 private:
  struct Output {
    bool json = false;  // the result instead of its summary
    std::vector<std::string> formats;
  };

  static int complain(const Error& error) {
    std::cerr << "plumb conformance: " << error.message << "\n";
    return error.code == Code::invalid_argument ? cli::exit_usage : cli::exit_unavailable;
  }

  static int list(const std::vector<std::string>& args, cli::Globals globals) {
    Selection selection;
    std::string output = "text";
    cli::Arguments arguments("conformance list", "name the conformance tests", globals);
    arguments.option("--focus", selection.focus, "only tests whose name matches this regular expression");
    arguments.choice("--output,-o", output, {"text", "json"}, "format");
    if (const auto done = arguments.parse(args)) return *done;
    const auto tests = select(all_tests(), selection);
    if (!tests.ok()) return std::cerr << "plumb conformance: " << tests.error().message << "\n", cli::exit_usage;
    Json all = Json::array();
    for (const NamedTest& test : *tests) {
      all.push_back({{"name", test.name}, {"suite", test.suite}, {"requirement", test.info.requirement}, {"covers", test.info.covers},
                     {"needs", test.info.needs}, {"serial", test.info.serial}, {"required", test.info.required}});
      if (output == "text") std::cout << test.name << "\n    " << test.info.requirement << "\n";
    }
    if (output == "json") std::cout << all.dump(1) << "\n";
    return cli::exit_ok;
  }

  static int execute(const std::vector<std::string>& args, cli::Globals globals) {
    Selection selection;
    RunnerOptions options;
    std::string output = "text";
    std::vector<std::string> formats;
    cli::Arguments arguments("conformance run", "run conformance tests against a cluster", globals);
    arguments.option("--focus", selection.focus, "only tests whose name matches this regular expression")
        .option("--skip", selection.skip, "report tests whose name matches as skipped")
        .option("--parallel,-p", options.parallel, "tests at a time")
        .option("--image", options.images.first, "what the containers of tests run: the program plumb-test")
        .option("--image-v2", options.images.second, "the same, to be rolled out to")
        .option("--output-dir,-d", options.output_dir, "where results.json, the reports and the evidence go")
        .option("--format", formats, "which reports to write there (default: all that `plumb list formats` names)")
        .flag("--resume", options.resume, "take up the interrupted run in the output folder")
        .choice("--output,-o", output, {"text", "json"}, "what to print at the end");
    if (const auto done = arguments.parse(args)) return *done;
    if (options.parallel < 1 || options.parallel > 256) return complain(fail(Code::invalid_argument, "--parallel takes 1 to 256"));
    if (const Status known = results::check_formats(formats); !known.ok()) return complain(known.error());
    const auto tests = select(all_tests(), selection);
    if (!tests.ok()) return std::cerr << "plumb conformance: " << tests.error().message << "\n", cli::exit_usage;
    const auto config = client::load_config({globals.kubeconfig, globals.context});
    if (!config.ok()) return complain(fail(Code::not_found, config.error().message));
    auto client = client::Client::connect(*config);
    if (!client.ok()) return complain(client.error());
    options.skip = selection.skip;
    options.command = "plumb conformance run " + join(args, " ");
    options.worker = worker_command(options.images, globals);
    return observe(*tests, *client, options, {output == "json", formats});
  }

  static int observe(const std::vector<NamedTest>& tests, const std::shared_ptr<Client>& client, RunnerOptions& options, const Output& output) {
    struct sigaction action {};
    action.sa_handler = interrupt;
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
    options.stop = [] { return interrupted.load(); };
    Result<results::Run> run = fail(Code::internal, "not run");
    {
      cli::Progress progress;
      options.on_finished = [&](const TestResult& test) { progress.line(line_of(test, progress)); };
      options.on_progress = [&](const std::vector<std::string>& running, std::size_t done, std::size_t all) {
        progress.status(std::to_string(done) + "/" + std::to_string(all) + "  " + join(running, " "));
      };
      run = run_tests(tests, client, options);
    }
    if (!run.ok()) return complain(run.error());
    show(*run, options.output_dir, output);
    if (interrupted) return cli::exit_interrupted;
    return run->verdict == RunVerdict::success ? cli::exit_ok : run->verdict == RunVerdict::partial ? cli::exit_partial : cli::exit_failed;
  }

  static void show(const results::Run& run, const std::string& folder, const Output& output) {
    for (const std::string& problem : results::write_reports(run, folder, {.formats = output.formats, .show = !output.json})) std::cerr << problem << "\n";
    if (output.json) std::cout << results::to_json(run).dump(1) << "\n";
    else std::cout << "results in " << folder << "\n";
  }
};

class TestListing final : public cli::Listing {
 public:
  std::vector<std::pair<std::string, std::string>> entries() const override {
    std::vector<std::pair<std::string, std::string>> out;
    for (const NamedTest& test : all_tests()) out.emplace_back(test.name, test.info.requirement);
    return out;
  }
};

const Registered<cli::Command> registered_conformance_command{"conformance", [] { return std::make_unique<ConformanceCommand>(); }};
const Registered<cli::Listing> listed{"tests", [] { return std::make_unique<TestListing>(); }};

}  // namespace
}  // namespace plumb::harness
