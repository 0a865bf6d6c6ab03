#include "harness/runner/attempt.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/random.h"
#include "harness/runner/worker.h"

namespace plumb::harness {
namespace {

using client::Json;
using results::TestResult;
using results::TestVerdict;

// What the worker told while it ran.
struct Told {
  std::vector<std::string> failures, cleanup, calls;
  std::vector<Json> undo;
  std::string step;
  bool done = false;

  void take(const Json& line) {
    if (line.contains("failure")) failures.push_back(line["failure"].get<std::string>());
    if (line.contains("cleanup")) cleanup.push_back(line["cleanup"].get<std::string>());
    if (line.contains("undo")) undo.push_back(line["undo"]);
    if (line.contains("step")) step = line["step"].get<std::string>();
    if (line.contains("calls")) calls = line["calls"].get<std::vector<std::string>>();
    done = done || line.contains("done");
  }
};

std::string space_for(const std::string& test) {
  std::string name = test.substr(test.find('/') + 1);
  std::replace(name.begin(), name.end(), '_', '-');
  return "plumb-" + name.substr(0, 40) + "-" + random_suffix(6);
}

void decide(TestResult& result, const Told& told, const Result<WorkerOutcome>& outcome) {
  const bool finished = outcome.ok() && told.done && outcome->signal == 0;
  result.message.clear();
  for (const std::string& failure : told.failures) result.message += (result.message.empty() ? "" : "\n") + failure;
  result.calls = told.calls;
  if (finished) {
    result.verdict = told.failures.empty() && outcome->exit_code == 0 ? TestVerdict::passed : TestVerdict::failed;
    return;
  }
  const bool interrupted = outcome.ok() && outcome->stopped;
  result.verdict = interrupted ? TestVerdict::unknown : TestVerdict::failed;
  const std::string why = outcome.ok() ? describe(*outcome) : outcome.error().message;
  result.message += (result.message.empty() ? "" : "\n") + why + (told.step.empty() ? "" : "; it was at: " + told.step);
}

// The namespace empties in the background: nobody waits for it.
void clean_up(client::Client& client, const Told& told, const std::string& space) {
  for (const Json& undo : told.undo) {
    (void)client.call("PATCH", undo.value("path", ""), &undo["patch"], {}, {{"content-type", undo.value("type", "")}});
  }
  for (const std::string& path : told.cleanup) (void)client.call("DELETE", path, nullptr);
  (void)client.remove({"v1", "namespaces"}, space);
}

}  // namespace

void run_once(client::Client& client, const Attempt& attempt, TestResult& result, const std::function<bool()>& stop,
              const std::function<void(const std::string& space)>& before_clean_up) {
  const std::string space = space_for(result.name);
  std::vector<std::string> command = attempt.worker;
  command.insert(command.end(), {result.name, "--namespace", space, "--run", attempt.run_id});
  result.started = real_clock().wall();
  const Instant start = real_clock().now();
  Told told;
  const auto outcome = run_worker(command, attempt.output, attempt.limit, [&](const Json& line) { told.take(line); }, stop);
  result.duration = real_clock().now() - start;
  decide(result, told, outcome);
  before_clean_up(space);
  clean_up(client, told, space);
}

}  // namespace plumb::harness
