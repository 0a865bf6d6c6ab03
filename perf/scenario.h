// A load scenario: a question, and the phases, measurements and thresholds that answer it, as data. One folder a scenario, one scenario.yaml
// in it, built into the program. Values are substituted (`${name}`), nothing is computed.
//
//   question: …                         required
//   parameters: {name: default, …}
//   sizes: {smoke: {…}, medium: {…}, large: {…}}     what a size changes of the parameters; smoke is required
//   objects: {name: manifest, …}        ${i} in a manifest is the object's running number; its metadata.name must contain it
//   measure: [measurement, …]           see `plumb list measurements`
//   phases:                             one after the other; what stands in one `do` runs at the same time
//     - name: fill
//       do:
//         - {create: configmap, …}      or get, list, patch, delete, watch with an object, or wait with a condition
//   thresholds: [{metric: phase/operation/p99, below: 1}, …]    or above; in the metric's unit
//
// An action says how much and how fast: `rate` (per second) with `for` (open loop; `to` ramps the rate, `arrivals: poisson` makes gaps random)
// or with `count` (as long as that takes), or `workers` with `count` or `for` (closed loop). `each: true` takes each living object once, in order,
// where otherwise one is drawn at random. `with` is the body of a patch (a strategic merge patch). `wait` takes `count` and `timeout`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/load/engine.h"
#include "harness/load/outcome.h"

namespace plumb::perf {

// Text with places for an object's running number.
class NumberedText {
 public:
  NumberedText() = default;
  explicit NumberedText(const std::string& text);
  std::string with(std::uint64_t number) const;
  bool numbered() const { return pieces_.size() > 1; }

 private:
  std::vector<std::string> pieces_;
};

struct ObjectTemplate {
  std::string name;         // in the scenario
  std::string api_version;  // "apps/v1"
  std::string kind;
  std::string resource;     // "deployments"
  NumberedText object_name;
  NumberedText body;        // JSON
};

enum class Verb { create, get, list, patch, remove, watch, wait };
std::string_view to_string(Verb verb);  // as the scenario and the reports spell it

struct Action {
  Verb verb = Verb::get;
  std::string object;  // not for wait
  bool each = false;
  NumberedText patch;  // JSON
  std::variant<harness::OpenLoop, harness::ClosedLoop> loop;
  std::string condition;  // of wait
  std::uint64_t count = 0;
  Duration timeout{};
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

struct Scenario {
  std::string name;
  std::string question;
  std::string size;
  std::vector<std::string> sizes;
  std::map<std::string, std::string> parameters;  // with size and settings applied
  std::map<std::string, ObjectTemplate> objects;
  std::vector<std::string> measurements;
  std::vector<Phase> phases;
  std::vector<Threshold> thresholds;
};

// `file` is the name for messages: "file:line: what is wrong". `settings` override parameters; an unknown one is an error.
Result<Scenario> load_scenario(const std::string& name, const std::string& text, const std::string& file, const std::string& size,
                               const std::map<std::string, std::string>& settings);

// The scenarios built in: name to YAML text.
const std::map<std::string, std::string>& embedded_scenarios();

}  // namespace plumb::perf
