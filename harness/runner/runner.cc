#include "harness/runner/runner.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "harness/base/random.h"
#include "harness/cli/command.h"
#include "harness/runner/attempt.h"
#include "harness/runner/evidence.h"
#include "harness/runner/needs.h"

namespace plumb::harness {
namespace {

namespace fs = std::filesystem;
using client::Json;
using results::Run;
using results::TestResult;
using results::TestVerdict;

constexpr std::size_t max_nodes_shown = 100;
constexpr std::string_view run_label = "plumb.io/run";

bool has_verdict(const TestResult& test) { return test.verdict == TestVerdict::passed || test.verdict == TestVerdict::failed; }

Result<std::regex> compile(const std::string& expression, const char* option) {
  try {
    return std::regex(expression, std::regex::ECMAScript | std::regex::icase);
  } catch (const std::regex_error& problem) {
    return fail(Code::invalid_argument, std::string(option) + " \"" + expression + "\" is not a regular expression: " + problem.what());
  }
}

class Runner {
 public:
  Runner(const std::vector<NamedTest>& tests, std::shared_ptr<client::Client> client, const RunnerOptions& options)
      : tests_(tests), client_(std::move(client)), options_(options), file_(options.output_dir + "/results.json") {}

  Result<Run> run() {
    PLUMB_TRY(prepare());
    std::vector<std::size_t> together, alone;
    PLUMB_TRY(plan(together, alone));
    PLUMB_TRY(results::save(run_, file_));
    work(together, std::max(1, options_.parallel));
    work(alone, 1);
    if (options_.stop()) run_.message = "interrupted; `--resume` with the same --output-dir takes it up again";
    else run_.finished = real_clock().wall();
    run_.verdict = results::conclude(run_);
    PLUMB_TRY(results::save(run_, file_));
    return run_;
  }

 private:
  Status prepare() {
    std::error_code problem;
    fs::create_directories(options_.output_dir, problem);
    if (problem) return fail(Code::invalid_argument, "make output folder " + options_.output_dir + ": " + problem.message());
    run_ = Run{.id = random_suffix(8), .kind = "conformance", .tool_version = cli::tool_version(), .command = options_.command};
    run_.cluster = PLUMB_TRY(identify(*client_));
    run_.started = real_clock().wall();
    if (options_.resume) PLUMB_TRY(take_up());
    return {};
  }

  // The verdicts of an interrupted run, after removing what its killed tests left in the cluster.
  Status take_up() {
    Run before = PLUMB_TRY(results::load(file_));
    if (before.kind != "conformance" || before.cluster.endpoint != run_.cluster.endpoint) {
      return fail(Code::conflict, "cannot resume " + file_ + ": it is a " + before.kind + " run on " + before.cluster.endpoint + ", this is " +
                                      run_.cluster.endpoint + ": choose another --output-dir, or leave out --resume");
    }
    run_.id = before.id;
    run_.started = before.started;
    for (TestResult& test : before.tests) {
      if (has_verdict(test)) earlier_.emplace(test.name, std::move(test));
    }
    const client::Resource namespaces{"v1", "namespaces"};
    const Json left = PLUMB_TRY(client_->list(namespaces, {{"labelSelector", std::string(run_label) + "=" + run_.id}}));
    for (const Json& space : left["items"]) (void)client_->remove(namespaces, name_of(space));
    return {};
  }

  Status plan(std::vector<std::size_t>& together, std::vector<std::size_t>& alone) {
    Needs needs(*client_, options_.images, run_.id);
    const std::regex skip = PLUMB_TRY(compile(options_.skip, "--skip"));
    for (std::size_t i = 0; i < tests_.size(); ++i) {
      const NamedTest& test = tests_[i];
      TestResult result{.name = test.name, .suite = test.suite, .requirement = test.info.requirement, .covers = test.info.covers,
                        .needs = test.info.needs, .required = test.info.required, .verdict = TestVerdict::unknown, .message = "not run"};
      if (const auto before = earlier_.find(test.name); before != earlier_.end()) {
        result = before->second;
      } else if (!options_.skip.empty() && std::regex_search(test.name, skip)) {
        result.verdict = TestVerdict::skipped;
        result.message = "left out by --skip";
      } else if (const auto missing = PLUMB_TRY(needs.missing(test.info.needs))) {
        result.verdict = TestVerdict::unsupported;
        result.message.clear();
        result.missing = *missing;
      } else {
        (test.info.serial ? alone : together).push_back(i);
      }
      if (result.verdict != TestVerdict::unknown) options_.on_finished(result), ++done_;
      run_.tests.push_back(std::move(result));
    }
    return {};
  }

  void work(const std::vector<std::size_t>& which, int parallel) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> slots;
    for (int i = 0; i < parallel && i < static_cast<int>(which.size()); ++i) {
      slots.emplace_back([&] {
        for (std::size_t at = next++; at < which.size() && !options_.stop(); at = next++) execute(which[at]);
      });
    }
  }

  void execute(std::size_t index) {
    TestResult result;
    {
      std::lock_guard lock(mutex_);
      result = run_.tests[index];
      running_.push_back(result.name);
    }
    progress();
    judge(result);
    {
      std::lock_guard lock(mutex_);
      std::erase(running_, result.name);
      run_.tests[index] = result;
      ++done_;
      run_.verdict = results::conclude(run_);
      if (const Status saved = results::save(run_, file_); !saved.ok()) run_.message = saved.error().message;
    }
    options_.on_finished(result);
    progress();
  }

  void judge(TestResult& result) {
    const std::string folder = "evidence/" + result.name;
    const std::string whole = options_.output_dir + "/" + folder;
    std::error_code ignored;
    fs::remove_all(whole, ignored);
    fs::create_directories(whole, ignored);
    const Attempt attempt{.worker = options_.worker, .run_id = run_.id, .output = whole + "/output.txt"};
    run_once(*client_, attempt, result, options_.stop, [&](const std::string& space) {
      if (result.verdict != TestVerdict::failed) return void(fs::remove_all(whole, ignored));
      result.evidence = {folder + "/output.txt"};
      for (const std::string& file : gather_evidence(*client_, space, whole)) result.evidence.push_back(folder + "/" + file);
    });
  }

  void progress() {
    std::vector<std::string> running;
    std::size_t done = 0;
    {
      std::lock_guard lock(mutex_);
      running = running_;
      done = done_;
    }
    options_.on_progress(running, done, tests_.size());
  }

  const std::vector<NamedTest>& tests_;
  const std::shared_ptr<client::Client> client_;
  const RunnerOptions& options_;
  const std::string file_;
  std::map<std::string, TestResult> earlier_;
  std::mutex mutex_;  // guards what follows while workers run
  Run run_;
  std::vector<std::string> running_;
  std::size_t done_ = 0;
};

}  // namespace

std::vector<NamedTest> all_tests() {
  std::vector<NamedTest> tests;
  for (const auto& [name, make] : Registry<ConformanceTest>::all()) {
    const auto test = make();
    tests.push_back({name, test->info, test->suite});
  }
  return tests;
}

Result<std::vector<NamedTest>> select(const std::vector<NamedTest>& tests, const Selection& selection) {
  const std::regex focus = PLUMB_TRY(compile(selection.focus, "--focus"));
  PLUMB_TRY(compile(selection.skip, "--skip"));
  std::vector<NamedTest> chosen;
  std::copy_if(tests.begin(), tests.end(), std::back_inserter(chosen),
               [&](const NamedTest& test) { return selection.focus.empty() || std::regex_search(test.name, focus); });
  if (chosen.empty()) return fail(Code::not_found, "no test matches --focus \"" + selection.focus + "\": `plumb conformance list` names them");
  return chosen;
}

Result<results::ClusterIdentity> identify(client::Client& client) {
  results::ClusterIdentity cluster{.endpoint = client::endpoint_of(client.config())};
  const Json version = PLUMB_TRY(client.version());
  cluster.version = version.value("gitVersion", "");
  cluster.platform = version.value("platform", "");
  const Json nodes = PLUMB_TRY(client.list_all({"v1", "nodes"}));
  cluster.node_count = static_cast<int>(nodes["items"].size());
  for (const Json& node : nodes["items"]) {
    if (cluster.nodes.size() == max_nodes_shown) break;
    const Json info = at(node, "/status/nodeInfo", Json::object());
    cluster.nodes.push_back({.name = name_of(node), .kubelet_version = text_at(info, "/kubeletVersion"),
                             .container_runtime = text_at(info, "/containerRuntimeVersion"), .os_image = text_at(info, "/osImage"),
                             .architecture = text_at(info, "/architecture")});
  }
  return cluster;
}

Result<results::Run> run_tests(const std::vector<NamedTest>& tests, std::shared_ptr<client::Client> client, const RunnerOptions& options) {
  return Runner(tests, std::move(client), options).run();
}

}  // namespace plumb::harness
