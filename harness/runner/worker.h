// One test in a process of its own. The runner starts this program again with the hidden command `conformance-worker`, reads lines of JSON from
// the worker's descriptor 3, and kills it when its time is up; nothing that happens in there touches the run.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::harness {

struct WorkerOutcome {
  bool timed_out = false;
  bool stopped = false;    // `stop` asked for it
  int exit_code = -1;      // when it exited
  int signal = 0;          // when a signal ended it
};

// Runs `command` (program first) with stdout and stderr going to the file `output`; each line from its descriptor 3 goes to `on_line`.
// Returns when the process has ended; it and its process group are killed after `timeout`, or when `stop` answers true.
Result<WorkerOutcome> run_worker(const std::vector<std::string>& command, const std::string& output, Duration timeout,
                                 const std::function<void(const nlohmann::json&)>& on_line, const std::function<bool()>& stop);

std::string describe(const WorkerOutcome& outcome);

}  // namespace plumb::harness
