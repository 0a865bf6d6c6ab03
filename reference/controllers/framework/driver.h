// Runs one controller: takes keys from its queue, asks it for plans and carries them out.
//
// Requeue rules: a plan that went well forgets the key's back-off and comes again after again_after, if set; a failure (Conflict among
// them) comes again with back-off; a creation refused because its namespace is being deleted is given up.
// Actions of a stage are sent without waiting for each other; a worker waits for the answers of a stage, so there are at most
// Controller::workers() plans under way, each with at most 500 calls in flight.
//
// start() makes worker threads that begin once the caches have synced. Without it, run_pending() works on the calling thread until
// the queue is empty, which is how tests run under a virtual clock.
#pragma once

#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "reference/controllers/framework/controller.h"
#include "reference/informer/event_recorder.h"

namespace plumb::controllers {

class Driver {
 public:
  Driver(std::string name, std::unique_ptr<Controller> controller, informer::Client& client, informer::InformerFactory& informers, Clock& clock,
         const Options& options);
  ~Driver();

  void start();
  void stop();
  // Returns the number of keys worked on, `most` when there may be more. Does nothing before the caches have synced.
  std::size_t run_pending(std::size_t most = std::numeric_limits<std::size_t>::max());
  bool synced() const { return watches_.synced(); }
  const std::string& name() const { return name_; }
  std::size_t queued() const { return queue_.size(); }

 private:
  class Execution;
  void work_on(const std::string& key);
  void wait_for_sync();

  const std::string name_;
  informer::Client& client_;
  Clock& clock_;
  informer::WorkQueue queue_;
  informer::Expectations expectations_;
  informer::EventRecorder recorder_;
  Watches watches_;
  std::unique_ptr<Controller> controller_;
  std::vector<std::thread> workers_;

  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false, stopped = false;
    std::optional<Clock::TimerId> timer;
  };
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

}  // namespace plumb::controllers
