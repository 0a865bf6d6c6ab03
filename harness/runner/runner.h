// Runs conformance tests against a cluster: several at a time, each in a worker process and a namespace of its own, those that own the cluster
// alone at the end. Whatever a test does to its process is that test's failure. The result file in the output folder is valid at every
// moment; after an interruption, a further run with `resume` takes up what has no verdict yet.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/client/rest.h"
#include "harness/results/model.h"
#include "harness/runner/conformance_test.h"
#include "harness/runner/images.h"

namespace plumb::harness {

struct NamedTest {
  std::string name;
  TestInfo info;
  std::string suite;
};

// Every registered test, by name.
std::vector<NamedTest> all_tests();

struct Selection {
  std::string focus;  // regular expression over names; empty: all. What it leaves out is not part of the run
  std::string skip;   // what it matches is reported as skipped
};
// The tests in focus. invalid_argument on a bad expression, not_found when nothing is left.
Result<std::vector<NamedTest>> select(const std::vector<NamedTest>& tests, const Selection& selection);

struct RunnerOptions {
  std::string output_dir = "plumb-results";
  int parallel = 8;
  bool resume = false;
  std::string skip;
  Images images;
  std::string command;                        // to be shown as the way to repeat the run
  std::vector<std::string> worker;            // program and arguments to start a worker with; the test's name and namespace follow
  std::function<bool()> stop = [] { return false; };  // asked often; true interrupts the run
  // Progress: called from several threads.
  std::function<void(const results::TestResult&)> on_finished = [](const auto&) {};
  std::function<void(const std::vector<std::string>& running, std::size_t done, std::size_t all)> on_progress = [](const auto&, auto, auto) {};
};

// An error means that the run could not start. The result is also in <output_dir>/results.json.
Result<results::Run> run_tests(const std::vector<NamedTest>& tests, std::shared_ptr<client::Client> client, const RunnerOptions& options);

// What the results say of the cluster.
Result<results::ClusterIdentity> identify(client::Client& client);

}  // namespace plumb::harness
