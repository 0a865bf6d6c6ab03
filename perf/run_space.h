// Where a run works and what it makes: a namespace of its own, and the objects of its scenario with their places. Objects that lie outside of
// that namespace carry the run's label, and the namespace's annotation names their kinds, so that they are found and removed also after a kill.
#pragma once

#include <map>
#include <string>

#include "harness/base/result.h"
#include "harness/client/rest.h"
#include "perf/scenario.h"

namespace plumb::perf {

inline constexpr char run_label[] = "plumb.io/run";

// A template of the scenario as this run makes it.
struct RunObject {
  client::Resource where;
  std::string kind;
  RunText name;
  RunText body;  // JSON
};

class RunSpace {
 public:
  // Finds out where the kinds of the scenario live and makes the namespace. Code::unsupported: the cluster does not serve one of them.
  static Result<RunSpace> make(client::Client& client, const Scenario& scenario, const std::string& run_id);

  const std::string& name() const { return name_; }
  const RunObject& object(const std::string& template_name) const { return objects_.at(template_name); }
  bool has_pods() const;
  // Takes everything away, and waits until it is gone.
  Status remove(client::Client& client) const;

 private:
  Status place(client::Client& client, const ObjectTemplate& object);
  bool is_inside(const RunObject& object) const { return object.where.space == name_; }

  std::string name_, run_id_;
  std::map<std::string, RunObject> objects_;
};

// Takes away what a run (or, with an empty id, any run) left behind. Answers how many namespaces.
Result<int> clean_up(client::Client& client, const std::string& run_id);

}  // namespace plumb::perf
