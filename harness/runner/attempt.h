// One conformance test run once: in a worker and a namespace of its own, judged, and what it leaves removed whatever happened to it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/client/rest.h"
#include "harness/results/model.h"
#include "harness/runner/timeouts.h"

namespace plumb::harness {

struct Attempt {
  std::vector<std::string> worker;  // program and arguments to start a worker with
  std::string run_id;               // on the label of the namespace
  std::string output;               // the file of what the worker prints; its folder exists
  Duration limit = timeouts::test;
};

// `result.name` says which test; sets its verdict, message, times and the operations it called. `before_clean_up` gets the test's namespace.
void run_once(client::Client& client, const Attempt& attempt, results::TestResult& result, const std::function<bool()>& stop,
              const std::function<void(const std::string& space)>& before_clean_up = [](const auto&) {});

}  // namespace plumb::harness
