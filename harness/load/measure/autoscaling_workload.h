// One workload that an autoscaler scales, followed while the load on its pods changes: when the metric showed that another count of replicas is
// called for, when the autoscaler knew, when it acted, when the pods were there. No I/O; not safe from several threads.
//
// "Called for" is meant as the autoscaler's algorithm does: usage divided by target and replicas is further from 1 than the default
// tolerance of 0.1, and the count is not at the bound already.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/load/measure/measurement.h"

namespace plumb::harness {

// What one change of the load led to. Moments are missing for what did not happen before the next change.
struct Reaction {
  bool up = true;
  Instant called;  // when the load itself first called for another count
  std::optional<Instant> metric, known, scaled, pods;
  Instant reached;                     // when the load was at its new level
  std::optional<Instant> settled;      // the count is right and its pods are ready, until the end
  bool cut = false;                    // another change of the load ended it
  std::int64_t beyond = 0;             // replicas above what was needed at most (up), or below what was needed at least (down)
};

class AutoscalingWorkload {
 public:
  // What is known of the objects. Times never go back.
  void scale(Instant now, std::int64_t replicas, double requested);                          // of the workload; CPU that a pod requests
  struct Goal {
    std::int64_t least = 1, most = 1;
    double utilization = 0, value = 0;  // per pod: a share of the request, or cores; one of them
  };
  void goal(Instant now, const Goal& goal, std::optional<double> current);                   // of the autoscaler; `current` as its status tells, in the goal's measure
  void pod(Instant now, const std::string& name, bool there, bool ready);
  struct Usage {
    double cores = 0;
    std::string sample;  // changes with every new sample
  };
  void usage(Instant now, const std::map<std::string, Usage, std::less<>>& of_pods);         // of its pods; the others have none
  void load(const LoadChange& change);

  // Whether a usage of every ready pod has been told.
  bool measured() const;
  // The count is one that stays, its pods are ready, and two samples of every pod have come since: no surprise is under way.
  bool settled() const;

  // What happened since the last call, up to now: one reaction for every change that called for another count.
  struct Account {
    std::vector<Reaction> reactions;
    double missing = 0, excess = 0;  // replica-seconds: ready pods below what the load needs, replicas above it
    std::uint64_t rescales = 0;
  };
  Account account(Instant now);

  double target() const;  // cores that a pod is to use; zero: not known yet
  std::int64_t needed(double cores) const;

 private:
  struct Pod {
    bool ready = false;
    std::string sample;
    int samples = 0;  // since the count last settled
  };
  double load_at(Instant now) const;
  bool calls(double cores, bool up) const;
  bool calm(Instant now) const;
  std::int64_t ready() const;
  void settle(Instant now);
  void see(Instant now);
  void end_reaction(bool cut);

  std::int64_t replicas_ = 0;
  double requested_ = 0;
  Goal goal_;
  bool has_goal_ = false;
  std::map<std::string, Pod, std::less<>> pods_;
  LoadChange load_;
  bool loaded_ = false;
  std::optional<Reaction> reaction_;
  std::int64_t before_ = 0;      // replicas when the load changed
  std::int64_t first_scale_ = 0;  // replicas that the first action asked for
  std::optional<double> current_, current_before_;  // what the autoscaler's status tells, and told when the load changed
  bool sampled_ = false;                            // since the load changed
  std::optional<Instant> calm_since_;
  Instant accounted_{};
  Account account_;
};

}  // namespace plumb::harness
