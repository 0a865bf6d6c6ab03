// Gives pods their nodes: watches pods and nodes, decides for one pod after the other, and binds them.
//
// Everything is decided on one thread, which owns the queue and the node table; no lock guards them. Informers and the answers to
// bindings leave messages for it, which it reads between two pods. Writes are asynchronous: a decided pod counts on its node at once
// (assumed) while its binding is on the way, and thousands may be. A binding that fails gives the room back and the pod is tried again
// after its back-off. Extenders are asked in the same way: about one pod at a time, while pods that none of them is interested in go on.
//
// What people see is upstream's: the events Scheduled, FailedScheduling and Preempted, the conditions PodScheduled (patched only when it
// changes) and, of victims, DisruptionTarget, status.nominatedNodeName, the metrics scheduler_*. Pods whose spec.schedulerName no profile has
// are left to others.
//
// Everything it knows it reads from the cluster, so a scheduler that was killed goes on where its successor starts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "reference/informer/informer.h"
#include "reference/informer/leader_election.h"
#include "reference/scheduler/extender.h"
#include "reference/scheduler/profile.h"
#include "reference/scheduler/queue.h"

namespace plumb::scheduler {

struct SchedulerOptions {
  std::vector<ProfileOptions> profiles = {ProfileOptions()};  // all sort the queue as the first does
  std::vector<ExtenderOptions> extenders = {};                // asked in this order, about pods of all profiles
  QueueLimits queue;
  std::uint64_t seed = 1;                                     // of the choice among equal nodes
  std::size_t most_bindings = 10'000;                         // on the way at a time; further pods wait in the queue
  // With several schedulers on one cluster: only the leader schedules. The others follow what happens, ready to take over.
  std::optional<informer::LeaderElectionOptions> leader_election;
  std::function<void()> lost_leadership;  // the scheduler does not schedule any more; a program exits, as upstream's does
};

class Scheduler {
 public:
  // `client`, `informers` and `clock` must outlive it. Adds its handlers to the informers at once; does not start them.
  // invalid_argument for profiles and extenders that cannot be.
  static Result<std::unique_ptr<Scheduler>> make(informer::Client& client, informer::InformerFactory& informers, Clock& clock, SchedulerOptions options = {});
  ~Scheduler();  // as stop()

  // Schedules on a thread of its own, once the informers have synced and, with an election, while leading.
  void start();
  void stop();
  // Without start(): on the calling thread until there is nothing to do at this moment. Returns the number of tries.
  std::size_t run_pending();

  struct Counts {
    std::size_t active = 0, backoff = 0, unschedulable = 0, gated = 0, binding = 0;
    std::size_t consulting = 0;  // extenders are asked, or will be
    friend bool operator==(const Counts&, const Counts&) = default;
  };
  // Only where no thread runs.
  Counts counts() const;

 private:
  class Core;
  explicit Scheduler(std::unique_ptr<Core> core);
  const std::unique_ptr<Core> core_;
};

}  // namespace plumb::scheduler
