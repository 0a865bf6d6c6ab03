// Runs a scenario against a cluster: makes a namespace of its own, starts the measurements, plays the phases, gathers, judges the thresholds,
// and takes everything away again, also after an error or a stop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/client/rest.h"
#include "harness/load/outcome.h"
#include "harness/load/transport.h"
#include "perf/scenario.h"

namespace plumb::perf {

// One that several threads may ask for at any time, and a signal handler set.
using StopFlag = std::atomic<bool>;

// What a watcher of the run is told: operations of one action in one phase as they go on.
struct LiveOperation {
  std::string scenario, phase, name;
  double requested_rate = 0;  // zero: closed loop
  harness::LoadProgress progress;
};
struct RunHooks {
  std::function<void(const std::string& text)> said;                    // lasting lines, such as "phase mix"
  std::function<void(const std::vector<LiveOperation>&)> progress;      // a few times a second
  std::function<void(const LiveOperation&, double intended_seconds, double sent_seconds, bool ok)> ended;  // every operation; from any thread
};

struct RunSetup {
  client::Client& client;
  harness::LoadTransport& transport;
  Clock& clock;
  const StopFlag& stop;
  std::string run_id;  // the label plumb.io/run of the namespace
  RunHooks hooks;
};

// An error when the scenario could not begin; an outcome otherwise, whose `invalid` tells whether it may be believed, and `unsupported` what the
// cluster lacks for it.
Result<harness::ScenarioOutcome> run_scenario(const Scenario& scenario, const RunSetup& setup);

}  // namespace plumb::perf
