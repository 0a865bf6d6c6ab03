// When the controller of some objects did what they were changed to say, from the events of these and of what depends on them. Events of
// different watches may come in any order. No I/O; not safe from several threads.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/clock.h"
#include "harness/load/measure/reconcile_rules.h"

namespace plumb::harness {

class ReconcileTracker {
 public:
  // applied: the event that shows the change. observed: status.observedGeneration answers it, or without one the first event after it.
  // acted: the first dependent made, changed or taken away. converged: all is as the object says; of a deletion, all of it is gone.
  enum Stage { applied, observed, acted, converged };
  static constexpr std::array<const char*, 4> stage_names{"applied", "observed", "acted", "converged"};

  explicit ReconcileTracker(const ReconcileRule& rule) : rule_(rule) {}

  void begin_phase();
  void object(Instant arrived, std::string_view type, const ObjectReader& object);
  void dependent(Instant arrived, std::string_view type, const ObjectReader& object);

  // Of this phase: how many objects got there.
  std::uint64_t count(Stage stage) const { return counts_[stage]; }
  std::uint64_t gone() const { return gone_; }
  // Seconds from applied, of those that got there in the order in which they did, and how many never did.
  struct Taken {
    std::vector<double> seconds;
    std::uint64_t unfinished = 0;
  };
  Taken taken(Stage stage) const;

 private:
  struct Change {
    std::array<std::optional<Instant>, 4> at;
    bool deletion = false, acted_before = false;  // a dependent's event may overtake the object's own
  };
  struct Subject {
    std::int64_t generation = 0, wanted = -1, living = 0;
    std::size_t spec = 0;
    bool is_done = false, deleting = false, is_gone = false;
    Change change;
  };
  struct Dependent {
    std::string root;
    std::int64_t generation = 0, weight = 0;
    bool deleting = false;
  };
  struct Event {
    Instant arrived;
    std::string uid;
    std::int64_t generation, weight;
    bool is_new, deleting, deleted, has_status;
  };

  void reach(Subject& subject, Stage stage, Instant when);
  void evaluate(Subject& subject, Instant when);
  void changed(Subject& subject, Instant when, bool deletion);
  void take(const std::string& root, const Event& event);
  void became_known(const std::string& uid, const std::string& root);

  const ReconcileRule& rule_;
  std::unordered_map<std::string, Subject> subjects_;             // by uid, or by name where dependents go by namespace
  std::unordered_map<std::string, Dependent> dependents_;         // by uid, of those whose root is known
  std::unordered_map<std::string, std::string> roots_;            // from uid to the subject's key
  std::unordered_map<std::string, std::vector<Event>> waiting_;   // by the owner that is not known yet
  std::array<std::uint64_t, 4> counts_{};
  std::uint64_t gone_ = 0;
};

}  // namespace plumb::harness
