// What is measured of the cluster while a scenario runs, beside the operations themselves. A measurement registers itself by name:
//   const Registered<Measurement> registered_scheduling{"scheduling", [] { return std::make_unique<Scheduling>(); }};
// start() is called before the first phase and returns when nothing that happens from then on will be missed (Code::unsupported: the cluster
// lacks what is measured); gather() after the last phase.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/registry.h"
#include "harness/base/result.h"
#include "harness/client/rest.h"
#include "harness/load/outcome.h"
#include "harness/load/transport.h"

namespace plumb::harness {

// What a scenario makes from one of its templates: objects that carry the label object_label with the template's name.
struct MeasuredObject {
  std::string name;        // the template's
  client::Resource where;  // the collection
  std::string kind;
};
inline constexpr char object_label[] = "plumb.io/object";

struct MeasurementContext {
  client::Client& client;
  LoadTransport& transport;
  Clock& clock;
  std::string space;              // the scenario's namespace
  Instant began;                  // of the scenario: the zero of all series
  std::optional<MeasuredObject> object;  // measure these alone; none: all of the namespace
  std::function<void()> changed;  // to be called when reached() may answer something new; safe from any thread, does not block
};

// What to watch for these: `all`, or the context's object with its label.
inline std::string watch_path(const MeasurementContext& context, const client::Resource& all) {
  if (!context.object) return all.path();
  return context.object->where.path() + "?labelSelector=" + object_label + "%3D" + context.object->name;
}

// Work that the scenario puts on the pods of each of its workloads, shared by those that are ready: CPU, in cores.
struct LoadChange {
  double from = 0, to = 0;
  Instant began;
  Duration over{};  // how long it takes to get there, evenly; zero: at once
};

class Measurement {
 public:
  virtual ~Measurement() = default;  // whatever start() began has ended when this returns
  virtual std::string description() const = 0;
  virtual Status start(const MeasurementContext& context) = 0;
  virtual void phase_begins(const std::string& phase) { (void)phase; }
  virtual void load_changes(const LoadChange& change) { (void)change; }  // from any thread
  // The conditions that a scenario can wait for: how many objects have reached `condition`; nullopt when that is not one of its words.
  virtual std::optional<std::uint64_t> reached(std::string_view condition) const { return (void)condition, std::nullopt; }
  // Adds metrics, distributions and series; an error when what was measured is not complete.
  virtual Status gather(ScenarioOutcome& outcome) = 0;
};

}  // namespace plumb::harness
