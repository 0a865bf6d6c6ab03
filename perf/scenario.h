// A load scenario: a question, and the phases, measurements and thresholds that answer it, as data. One folder a scenario, one scenario.yaml
// in it, built into the program. Values are substituted (`${name}`), nothing is computed.
//
//   question: …                         required
//   parameters: {name: default, …}
//   sizes: {smoke: {…}, medium: {…}, large: {…}}     what a size changes of the parameters; smoke is required
//   objects: {name: manifest, …}        metadata.name must contain ${i}, outside of namespaces also ${space}; marks: see perf/text.h
//   measure: [measurement, …]           see `plumb list measurements`; {measurement: object} takes only what is made from that template
//   phases:                             one after the other; what stands in one `do` runs at the same time
//     - name: fill
//       do:
//         - {create: configmap, …}      or get, list, patch, delete, watch with an object, or wait with a condition
//   thresholds: [{metric: phase/operation/p99, below: 1}, …]    or above; in the metric's unit
//   variants: {name: {…}, …}            the same scenario changed, run as scenario/name; the first is meant where none is named
//
// A variant has the keys above and is laid over the rest: maps are merged, lists whose items have names (phases, containers) by name, everything
// else is replaced, null removes; a phase without actions (`do: null`) is left out. What an alias (*name) shares, a variant changes everywhere.
//
// An action says how much and how fast: `rate` (per second) with `for` (open loop; `to` ramps the rate, `arrivals: poisson` makes gaps random)
// or with `count` (as long as that takes), or `workers` with `count` or `for` (closed loop). `for: phase` lasts until all else in the phase is
// over. `each: true` takes the living objects in order, again and again, where otherwise one is drawn at random. `with` is the body of a patch
// (a strategic merge patch), `subresource: status` where it goes; `propagation` is the policy of a delete (Background unless given).
// `wait` takes `count` and `timeout`; `of: object` asks the measurement of that object; `lacking: text` says what the cluster lacks when not
// even one gets there: the scenario is then unsupported instead of invalid. `{stop-node: command, start: command}` makes the node fail that runs
// most pods, before all else in the phase (perf/node_stopper.h); it is started again at the end. `{load: 500, after: time, over: time, for: time}`:
// the pods of each Deployment together use so many thousandths of a CPU, from `after` the beginning of the phase, reached evenly in `over`, and
// after `for` what they used before (perf/pod_load.h). The phase's waits begin when that is done.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/load/engine.h"
#include "harness/load/outcome.h"
#include "perf/text.h"

namespace plumb::perf {

struct ObjectTemplate {
  std::string name;         // in the scenario
  std::string api_version;  // "apps/v1"
  std::string kind;
  std::string space;        // namespace that the manifest names; empty: the run's
  RunText object_name;
  RunText body;             // JSON
};

enum class Verb { create, get, list, patch, remove, watch, wait, stop_node, load };
std::string_view to_string(Verb verb);  // as the scenario and the reports spell it

struct Action {
  Verb verb = Verb::get;
  std::string object;  // of wait: whose measurement is asked; may be empty
  bool each = false;
  RunText patch;       // JSON
  std::string subresource;
  std::string propagation;
  std::variant<harness::OpenLoop, harness::ClosedLoop> loop;
  bool until_phase_ends = false;
  std::string condition;  // of wait
  std::uint64_t count = 0;
  Duration timeout{};
  std::string lacking;
  std::string command, undo;  // of stop-node
  double cores = 0;           // of load, with:
  Duration after{}, over{}, length{};
};

struct Phase {
  std::string name;
  std::vector<Action> actions;
};

struct Threshold {
  std::string metric;
  harness::Better better = harness::Better::lower;
  double limit = 0;
};

struct MeasurementChoice {
  std::string name;
  std::string object;  // empty: all objects
};

struct Scenario {
  std::string name;  // with its variant: "scheduling-throughput/plain"
  std::string question;
  std::string size;
  std::vector<std::string> sizes;
  std::vector<std::string> variants;
  std::map<std::string, std::string> parameters;  // with size and settings applied
  std::map<std::string, ObjectTemplate> objects;
  std::vector<MeasurementChoice> measurements;
  std::vector<Phase> phases;
  std::vector<Threshold> thresholds;
};

// `name` is scenario or scenario/variant, `file` the name for messages: "file:line: what is wrong". `settings` override parameters; an unknown
// one is an error.
Result<Scenario> load_scenario(const std::string& name, const std::string& text, const std::string& file, const std::string& size,
                               const std::map<std::string, std::string>& settings);

// The scenarios built in: name to YAML text.
const std::map<std::string, std::string>& embedded_scenarios();
// One of them by its name, with or without a variant.
Result<Scenario> load_built_in(const std::string& name, const std::string& size, const std::map<std::string, std::string>& settings);
// Every one of them in every variant, by name.
std::vector<std::string> built_in_names();

}  // namespace plumb::perf
