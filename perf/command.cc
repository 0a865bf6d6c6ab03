#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/random.h"
#include "harness/cli/arguments.h"
#include "harness/cli/command.h"
#include "harness/cli/progress.h"
#include "harness/load/measure/measurement.h"
#include "harness/results/model.h"
#include "harness/results/writer.h"
#include "perf/live_metrics.h"
#include "perf/run_space.h"
#include "perf/runner.h"
#include "perf/scenario.h"

namespace plumb::perf {
namespace {

using cli::Arguments;
using cli::Globals;
using nlohmann::json;

constexpr int most_repetitions = 100;
constexpr std::size_t most_nodes_kept = 100;

StopFlag stop_wanted{false};

void on_signal(int) {
  if (stop_wanted.exchange(true)) std::_Exit(cli::exit_interrupted);  // the second time without clean-up
}

struct Options {
  std::vector<std::string> scenarios;
  std::string size = "smoke";
  std::vector<std::string> settings;
  std::string output_dir = "plumb-perf";
  std::string metrics_address;
  std::vector<std::string> formats;
  std::string file, variant;
  int repeat = 1;
  int connections = 4;
};

int usage_error(const std::string& message) {
  std::cerr << "plumb perf: " << message << "\n";
  return cli::exit_usage;
}

Result<std::map<std::string, std::string>> parse_settings(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> settings;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return fail(Code::invalid_argument, "--set takes key=value, not \"" + text + "\"");
    settings[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return settings;
}

Result<std::vector<Scenario>> load_all(const Options& options) {
  const auto settings = PLUMB_TRY(parse_settings(options.settings));
  std::vector<Scenario> scenarios;
  if (!options.file.empty()) {
    const std::string name = std::filesystem::path(options.file).stem().string() + (options.variant.empty() ? "" : "/" + options.variant);
    scenarios.push_back(PLUMB_TRY(load_scenario(name, PLUMB_TRY(read_file(options.file)), options.file, options.size, settings)));
  }
  for (const auto& name : options.scenarios) scenarios.push_back(PLUMB_TRY(load_built_in(name, options.size, settings)));
  if (scenarios.empty()) return fail(Code::invalid_argument, "name a scenario to run, or give --file; `plumb perf list` shows them");
  return scenarios;
}

Result<results::ClusterIdentity> identify(client::Client& client) {
  results::ClusterIdentity cluster;
  cluster.endpoint = client::endpoint_of(client.config());
  const json version = PLUMB_TRY(client.version());
  cluster.version = version.value("gitVersion", "");
  cluster.platform = version.value("platform", "");
  const auto nodes = client.list_all({"v1", "nodes", ""});
  if (!nodes.ok()) return cluster;  // not everybody may list nodes
  for (const json& node : nodes->value("items", json::array())) {
    ++cluster.node_count;
    if (cluster.nodes.size() >= most_nodes_kept) continue;
    const json info = node.value("/status/nodeInfo"_json_pointer, json::object());
    cluster.nodes.push_back({node.value("/metadata/name"_json_pointer, ""), info.value("kubeletVersion", ""), info.value("containerRuntimeVersion", ""),
                             info.value("osImage", ""), info.value("architecture", "")});
  }
  return cluster;
}

std::string command_line(const Options& options) {
  std::string command = "plumb perf run";
  for (const auto& name : options.scenarios) command += " " + name;
  if (!options.file.empty()) command += " --file " + options.file;
  if (!options.variant.empty()) command += " --variant " + options.variant;
  command += " --size " + options.size;
  for (const auto& setting : options.settings) command += " --set " + setting;
  if (options.repeat != 1) command += " --repeat " + std::to_string(options.repeat);
  return command;
}

// The verdict over all scenarios so far.
void conclude(results::Run& run, const std::vector<harness::ScenarioOutcome>& outcomes, bool interrupted) {
  run.verdict = results::RunVerdict::success;
  for (const auto& outcome : outcomes) {
    if (outcome.unsupported.empty()) continue;
    run.verdict = results::RunVerdict::partial;
    run.message = outcome.name + " is unsupported: " + outcome.unsupported;
    break;
  }
  for (const auto& outcome : outcomes) {
    if (!outcome.thresholds_held()) run.verdict = results::RunVerdict::failure;
  }
  for (const auto& outcome : outcomes) {
    if (outcome.valid()) continue;
    run.verdict = results::RunVerdict::invalid;
    run.message = outcome.name + ": " + outcome.invalid.front();
    break;
  }
  if (interrupted) {
    run.verdict = results::RunVerdict::partial;
    run.message = "interrupted";
  }
}

int exit_code(results::RunVerdict verdict) {
  if (stop_wanted) return cli::exit_interrupted;
  switch (verdict) {
    case results::RunVerdict::success: return cli::exit_ok;
    case results::RunVerdict::partial: return cli::exit_partial;
    default: return cli::exit_failed;
  }
}

class PerfRun {
 public:
  PerfRun(Options options, Globals globals) : options_(std::move(options)), globals_(std::move(globals)) {}

  int execute() {
    auto scenarios = load_all(options_);
    if (!scenarios.ok()) return usage_error(scenarios.error().message);
    if (const Status known = results::check_formats(options_.formats); !known.ok()) return usage_error(known.error().message);
    if (options_.repeat < 1 || options_.repeat > most_repetitions) return usage_error("--repeat takes a number from 1 to 100");
    if (const Status ready = set_up(); !ready.ok()) {
      std::cerr << "plumb perf: " << ready.error().message << "\n";
      return cli::exit_unavailable;
    }
    std::signal(SIGINT, on_signal);
    std::signal(SIGTERM, on_signal);
    for (const Scenario& scenario : *scenarios) {
      for (int repetition = 1; repetition <= options_.repeat && !stop_wanted; ++repetition) {
        if (const Status done = run_one(scenario, repetition); !done.ok()) return give_up(done.error());
      }
    }
    return finish();
  }

 private:
  Status set_up() {
    const auto config = PLUMB_TRY(client::load_config({globals_.kubeconfig, globals_.context}));
    client_ = PLUMB_TRY(client::Client::connect(config));
    transport_ = PLUMB_TRY(harness::make_load_transport(config, {.connections = static_cast<std::size_t>(std::max(options_.connections, 1))}));
    run_.cluster = PLUMB_TRY(identify(*client_));
    if (!options_.metrics_address.empty()) {
      metrics_ = PLUMB_TRY(LiveMetrics::serve(options_.metrics_address));
      progress_.line("metrics on port " + std::to_string(metrics_->port()) + ", path /metrics");
    }
    std::error_code failed;
    std::filesystem::create_directories(options_.output_dir, failed);
    if (failed) return fail(Code::permission_denied, "making the folder " + options_.output_dir + ": " + failed.message() + "; choose another --output-dir");
    run_.id = random_uuid();
    run_.kind = "perf";
    run_.tool_version = cli::tool_version();
    run_.command = command_line(options_);
    run_.started = real_clock().wall();
    return save();
  }

  Status run_one(const Scenario& scenario, int repetition) {
    progress_.line(scenario.name + ", size " + scenario.size + (options_.repeat > 1 ? ", repetition " + std::to_string(repetition) : ""));
    RunSetup setup{*client_, *transport_, real_clock(), stop_wanted, run_.id, hooks()};
    auto outcome = PLUMB_TRY(run_scenario(scenario, setup));
    outcome.repetition = repetition;
    if (!outcome.unsupported.empty()) progress_.line("unsupported, the cluster lacks: " + outcome.unsupported);
    for (const auto& why : outcome.invalid) progress_.line(progress_.paint(cli::Colour::red, "invalid: ") + why);
    run_.scenarios.push_back(to_json(outcome));
    outcomes_.push_back(std::move(outcome));
    conclude(run_, outcomes_, stop_wanted);
    if (run_.verdict == results::RunVerdict::success) run_.verdict = results::RunVerdict::partial;  // until finish()
    return save();
  }

  RunHooks hooks() {
    RunHooks hooks;
    hooks.said = [this](const std::string& text) { progress_.line("  " + text); };
    hooks.progress = [this](const std::vector<LiveOperation>& operations) {
      if (metrics_) metrics_->progress(operations);
      std::string text;
      for (const auto& operation : operations) {
        const auto& now = operation.progress;
        text += (text.empty() ? "  " : " · ") + operation.name + " " + std::to_string(now.succeeded);
        if (now.failed != 0) text += " (" + std::to_string(now.failed) + " failed)";
      }
      progress_.status(text);
    };
    if (metrics_) {
      hooks.ended = [this](const LiveOperation& operation, double intended, double sent, bool ok) { metrics_->ended(operation, intended, sent, ok); };
    }
    return hooks;
  }

  Status save() { return results::save(run_, options_.output_dir + "/results.json"); }

  int give_up(const Error& error) {
    run_.verdict = results::RunVerdict::invalid;
    run_.message = error.message;
    std::cerr << "plumb perf: " << error.message << "\n";
    if (const Status saved = save(); !saved.ok()) std::cerr << "plumb perf: " << saved.error().message << "\n";
    return cli::exit_unavailable;
  }

  int finish() {
    conclude(run_, outcomes_, stop_wanted);
    if (!stop_wanted) run_.finished = real_clock().wall();
    if (const Status saved = save(); !saved.ok()) return give_up(saved.error());
    progress_.status("");
    for (const auto& problem : results::write_reports(run_, options_.output_dir, {.formats = options_.formats})) progress_.line(problem);
    progress_.line("results in " + options_.output_dir);
    return exit_code(run_.verdict);
  }

  const Options options_;
  const Globals globals_;
  cli::Progress progress_;
  results::Run run_;
  std::vector<harness::ScenarioOutcome> outcomes_;
  std::shared_ptr<client::Client> client_;
  std::unique_ptr<harness::LoadTransport> transport_;
  std::unique_ptr<LiveMetrics> metrics_;
};

int list_scenarios() {
  for (const auto& name : built_in_names()) {
    const auto scenario = load_built_in(name, "smoke", {});
    if (!scenario.ok()) return usage_error(scenario.error().message);
    std::cout << name << "\n  " << scenario->question << "\n  sizes: " << join(scenario->sizes, ", ") << "; parameters:";
    for (const auto& [key, value] : scenario->parameters) std::cout << " " << key << "=" << value;
    std::cout << "\n";
  }
  return cli::exit_ok;
}

int clean(const Globals& globals) {
  const auto config = client::load_config({globals.kubeconfig, globals.context});
  if (!config.ok()) return std::cerr << "plumb perf: " << config.error().message << "\n", cli::exit_unavailable;
  const auto client = client::Client::connect(*config);
  if (!client.ok()) return std::cerr << "plumb perf: " << client.error().message << "\n", cli::exit_unavailable;
  const auto count = clean_up(**client, "");
  if (!count.ok()) return std::cerr << "plumb perf: " << count.error().message << "\n", cli::exit_unavailable;
  std::cout << *count << " namespaces are being removed\n";
  return cli::exit_ok;
}

class PerfCommand final : public cli::Command {
 public:
  std::string summary() const override { return "measure how fast a cluster does things: list, run, clean"; }
  int run(const std::vector<std::string>& args, Globals globals) override {
    std::string action;
    Options options;
    Arguments arguments("perf", summary(), globals);
    arguments.positional("action", action, "list (the scenarios), run, or clean (remove what interrupted runs left)", true)
        .positionals("scenario", options.scenarios, "which to run, as name or name/variant")
        .option("--size", options.size, "smoke, medium or large")
        .option("--set", options.settings, "a parameter as key=value; may be repeated")
        .option("--file", options.file, "run the scenario in this YAML file")
        .option("--variant", options.variant, "which variant of that file (default: its first)")
        .option("--repeat", options.repeat, "how often each scenario runs; five or more let `plumb compare` see what differs from run to run")
        .option("--connections", options.connections, "HTTP/2 connections that the load uses")
        .option("--output-dir", options.output_dir, "where results.json and the reports go")
        .option("--format", options.formats, "which reports to write there (default: all that `plumb list formats` names)")
        .option("--metrics-address", options.metrics_address, "serve Prometheus metrics here while it runs (host:port)");
    if (const auto done = arguments.parse(args)) return *done;
    if (action == "list") return list_scenarios();
    if (action == "clean") return clean(globals);
    if (action == "run") return PerfRun(std::move(options), std::move(globals)).execute();
    return usage_error("there is no action \"" + action + "\"; there are list, run and clean");
  }
};

class ScenarioListing final : public cli::Listing {
 public:
  std::vector<std::pair<std::string, std::string>> entries() const override {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& name : built_in_names()) {
      const auto scenario = load_built_in(name, "smoke", {});
      out.emplace_back(name, scenario.ok() ? scenario->question : scenario.error().message);
    }
    return out;
  }
};

class MeasurementListing final : public cli::Listing {
 public:
  std::vector<std::pair<std::string, std::string>> entries() const override {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [name, make] : Registry<harness::Measurement>::all()) out.emplace_back(name, make()->description());
    return out;
  }
};

const Registered<cli::Command> command{"perf", [] { return std::make_unique<PerfCommand>(); }};
const Registered<cli::Listing> scenarios{"scenarios", [] { return std::make_unique<ScenarioListing>(); }};
const Registered<cli::Listing> measurements{"measurements", [] { return std::make_unique<MeasurementListing>(); }};

}  // namespace
}  // namespace plumb::perf
