// What other threads tell the scheduler's: a change of an object, or how a request of its own ended.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/result.h"
#include "reference/api/types/corev1.h"
#include "reference/scheduler/extender_messages.h"

namespace plumb::scheduler {

// What an extender has said to a question.
struct ExtenderAnswer {
  std::uint64_t question;
  std::size_t extender;
  std::variant<Result<ExtenderFilterResult>, Result<HostPriorities>, Result<MetaVictims>> said;
};

struct Message {
  enum class About : std::uint8_t { object, preparation, binding, preemption, consultation } about = About::object;
  api::ObjectPtr before, after;  // of an object; after: what a preparation has written, too
  std::size_t write = 0;         // the number of a preparation's
  std::string uid = {};          // of the pod that is to be bound
  // A pod that has been told to go, from where, and for whom.
  std::shared_ptr<const corev1::Pod> victim = nullptr, preemptor = nullptr;
  std::string node = {};
  Status answer = {};
  std::shared_ptr<const ExtenderAnswer> extender = nullptr;
};

// Not bounded: what informers tell must not be lost, and they may not be made to wait. A message is a few pointers to objects the cache
// holds anyhow, and the scheduler reads all there are before each pod. Answers are at most as many as requests on the way.
class Inbox {
 public:
  void put(Message message) {
    std::lock_guard lock(mutex_);
    messages_.push_back(std::move(message));
    filled_.notify_one();
  }
  void wake() {
    std::lock_guard lock(mutex_);
    woken_ = true;
    filled_.notify_one();
  }
  // Swaps what there is into `out`, which must be empty.
  void take(std::vector<Message>& out) {
    std::lock_guard lock(mutex_);
    messages_.swap(out);
  }
  void wait() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return woken_ || !messages_.empty(); });
    woken_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::vector<Message> messages_;  // under mutex_
  bool woken_ = false;             // under mutex_
};

}  // namespace plumb::scheduler
