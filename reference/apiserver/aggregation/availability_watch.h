// Keeps the condition Available of every APIService as upstream does, and the table of what other servers serve. Works when an APIService,
// or the Service or an EndpointSlice that one of them refers to, changes; asks each server every 30 s, and again soon after a failure.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/worker_pool.h"
#include "reference/apiserver/aggregation/foreign.h"
#include "reference/apiserver/aggregation/judgement.h"
#include "reference/apiserver/registry/own_calls.h"

namespace plumb::net {
class HttpClient;
}

namespace plumb::apiserver {

class AvailabilityWatch {
 public:
  // Asks one endpoint of an APIService for its discovery document: the body, or why not. Calls back once, from any thread, and must not
  // outlive the watch's end by more than that call.
  using Asked = std::function<void(Result<std::string>)>;
  using Ask = std::function<void(const net::Endpoint& endpoint, const std::string& path, Asked asked)>;

  AvailabilityWatch(Registry& registry, Clock& clock, Ask ask);
  // Waits for work under way; answers that are still to come are dropped.
  ~AvailabilityWatch();
  void start();

  ForeignPtr table() const;

 private:
  // What was found out by asking, for one object.
  struct Entry {
    std::string asked_about;  // spec and endpoints that it holds for
    std::optional<Availability> answer;
    api::Doc resources;
    std::set<std::string> pending;  // endpoints that have not answered
    int failures = 0;
    Instant due;  // when to ask again
  };
  struct Answer {
    std::string name, asked_about, endpoint;
    Result<std::string> result;
  };
  // Outlives the watch for answers that come late.
  struct Inbox {
    std::mutex mutex;
    AvailabilityWatch* owner = nullptr;  // under mutex
    std::vector<Answer> answers;         // under mutex
    void put(Answer answer);
  };

  void signal();
  void run();
  bool drain();
  void take_answers();
  void look_at(const std::shared_ptr<const apiregistrationv1::APIService>& service);
  void ask_all(const std::string& name, const std::string& path, const std::string& about, const std::vector<net::Endpoint>& endpoints, Entry& entry);
  void write(const apiregistrationv1::APIService& service, const Availability& found);
  void schedule();
  void publish();

  Registry& registry_;
  Clock& clock_;
  const Ask ask_;
  OwnCalls calls_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  // Of the worker alone.
  std::vector<WatcherPtr> watchers_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::vector<net::Endpoint>> endpoints_;  // by APIService, as last judged

  mutable std::mutex mutex_;
  bool signalled_ = false, stopping_ = false;  // under mutex_
  std::optional<Clock::TimerId> timer_;        // under mutex_
  ForeignPtr table_ = std::make_shared<const ForeignTable>();  // under mutex_
  WorkerPool worker_{1, 2};
};

}  // namespace plumb::apiserver
