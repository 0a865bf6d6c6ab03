#include "harness/runner/coverage_command.h"

#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "harness/cli/arguments.h"
#include "harness/cli/progress.h"
#include "harness/runner/coverage_report.h"
#include "harness/runner/worker_start.h"

namespace plumb::harness {
namespace {

namespace fs = std::filesystem;

struct Asked {
  std::string results, output = "text";
  bool measure = false, uncovered = false;
  int parallel = 8;
  Images images;
};

int complain(const Error& error) {
  std::cerr << "plumb conformance coverage: " << error.message << "\n";
  return error.code == Code::invalid_argument ? cli::exit_usage : cli::exit_unavailable;
}

Result<std::set<std::string>> measured(const Asked& asked, const results::Run& run, const cli::Globals& globals) {
  const auto config = PLUMB_TRY(client::load_config({globals.kubeconfig, globals.context}));
  const auto client = PLUMB_TRY(client::Client::connect(config));
  const std::string endpoint = client::endpoint_of(client->config());
  if (endpoint != run.cluster.endpoint)
    return fail(Code::invalid_argument, asked.results + " is of " + run.cluster.endpoint + ", the kubeconfig points at " + endpoint +
                                            ": measure on the cluster of the run, or run the tests there first");
  MeasureOptions options{.parallel = asked.parallel, .worker = worker_command(asked.images, globals)};
  options.output_dir = fs::temp_directory_path() / ("plumb-coverage." + run.id);
  fs::create_directories(options.output_dir);
  cli::Progress progress;
  options.on_progress = [&](std::size_t done, std::size_t all) {
    progress.status(std::to_string(done) + "/" + std::to_string(all) + " operations asked for");
  };
  auto asserted = asserted_endpoints(*client, run, all_tests(), options);
  std::error_code ignored;
  fs::remove_all(options.output_dir, ignored);
  return asserted;
}

}  // namespace

int coverage_command(const std::vector<std::string>& args, cli::Globals globals) {
  Asked asked;
  cli::Arguments arguments("conformance coverage", "what the tests reach of upstream's behaviours and eligible endpoints", globals);
  arguments.option("--results", asked.results, "results.json of a conformance run: count the endpoints that its tests called")
      .flag("--measure", asked.measure,
            "also find out which of them an assertion looks at: run the tests of --results again on the same cluster with the answers of one "
            "endpoint blanked at a time, until one fails")
      .option("--parallel,-p", asked.parallel, "tests at a time when measuring")
      .option("--image", asked.images.first, "what the containers of tests run: the program plumb-test")
      .option("--image-v2", asked.images.second, "the same, to be rolled out to")
      .flag("--uncovered", asked.uncovered, "name what is missing")
      .choice("--output,-o", asked.output, {"text", "json"}, "format");
  if (const auto done = arguments.parse(args)) return *done;
  if (asked.measure && asked.results.empty()) return complain(fail(Code::invalid_argument, "--measure needs --results: which tests passed, and what they called"));
  if (asked.parallel < 1 || asked.parallel > 256) return complain(fail(Code::invalid_argument, "--parallel takes 1 to 256"));
  CoverageReport report{.sigs = behaviour_coverage(all_tests())};
  if (!asked.results.empty()) {
    const auto run = results::load(asked.results);
    if (!run.ok()) return complain(run.error());
    report.endpoints = called_endpoints(*run);
    if (asked.measure) {
      auto asserted = measured(asked, *run, globals);
      if (!asserted.ok()) return complain(asserted.error());
      report.endpoints->asserted = std::move(*asserted);
    }
  }
  if (asked.output == "json") std::cout << to_json(report).dump(1) << "\n";
  else std::cout << describe(report, asked.uncovered);
  return cli::exit_ok;
}

}  // namespace plumb::harness
