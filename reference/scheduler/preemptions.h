// Carries out what PostFilter has decided: nominates the pod, tells the victims to go and says so in events. The pod is not tried again
// before all have been told; then it waits like any other, until they are gone.
//
// Of the scheduling thread alone; answers come through the inbox.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "harness/base/clock.h"
#include "reference/informer/client.h"
#include "reference/informer/event_recorder.h"
#include "reference/scheduler/cycle.h"
#include "reference/scheduler/inbox.h"
#include "reference/scheduler/queue.h"

namespace plumb::scheduler {

class Preemptions {
 public:
  Preemptions(informer::Client& client, Clock& clock, Nominations& nominations, SchedulingQueue& queue, std::shared_ptr<Inbox> inbox)
      : client_(client), clock_(clock), nominations_(nominations), queue_(queue), inbox_(std::move(inbox)) {}

  // Some of the pod's victims have not been told yet.
  bool under_way(std::string_view uid) const { return untold_.contains(uid); }
  void carry_out(const PodInfoPtr& pod, std::string_view scheduler_name, const Decision& decision);
  // How telling a victim ended.
  void told(const Message& message, informer::EventRecorder& recorder);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  void give_up_nominations(const std::string& node, const PodInfo& pod);

  informer::Client& client_;
  Clock& clock_;
  Nominations& nominations_;
  SchedulingQueue& queue_;
  const std::shared_ptr<Inbox> inbox_;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> untold_;  // victims, by UID of the pod they go for
};

}  // namespace plumb::scheduler
