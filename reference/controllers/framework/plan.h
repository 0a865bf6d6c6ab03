// What a controller decides: a plan is data. It says which calls to make and in which order, and what to record; the driver carries it
// out. A decision therefore needs no client and no clock, and its test is a transcript: objects in, plan out.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/clock.h"
#include "reference/informer/client.h"

namespace plumb::controllers {

using informer::ObjectPtr;
using informer::Request;

// The time a decision is made at.
struct Now {
  Instant steady;
  WallTime wall;
};

struct Event {
  ObjectPtr about;
  std::string_view type;  // informer::event_normal, event_warning
  std::string reason;
  // In the events of an action, {} stands for the name of the resulting object, or for the error's message.
  std::string message;
};

struct Action {
  Request request;
  std::optional<Event> on_success, on_failure;
  // Reasons that count as success ("NotFound" for a deletion).
  std::vector<std::string_view> accept;
  // In place of `request`'s verb: list the resource in its namespace, live. The answer's object is nullptr, its items hold the list.
  bool list = false;
  // In place of `request`: GET of this path and query, whatever API is there. The answer's text holds what came.
  std::string raw = {};
};

// Actions that may be in flight together. The next stage starts when all have been answered well; a failure ends the plan.
struct Stage {
  std::vector<Action> actions;
  // Send 1, then 2, 4, 8, … at a time and stop after the first batch with a failure: a cluster that refuses is not flooded.
  bool slow_start = false;
  // The owner whose expectations the stage's creations and deletions raise; empty for none.
  std::string expect_for;
};

struct Answer {
  Result<ObjectPtr> object = ObjectPtr();
  std::vector<ObjectPtr> items;
  std::string text;
  bool sent = false;
};

struct Outcome {
  std::vector<Answer> answers;  // one per action, in order over all stages
  std::optional<Error> failure;  // the first that no action accepted
};

// An update of an object that an earlier action of the same plan (or of one it continues) has changed is sent with the version that
// action gave it, so a plan may write spec and status one after the other.
struct Plan {
  std::vector<Event> events;
  std::vector<Stage> stages;
  // Decides what follows, given the answers, also when a stage failed; without it a failure is retried with back-off.
  std::function<Plan(const Outcome&)> then;
  // Come again after this long, if nothing else makes the key come.
  std::optional<Duration> again_after;
  // Come again with back-off, once the plan has been carried out.
  std::optional<Error> retry;
  // Told once the plan and all that followed from it have been carried out: whether it went well, and how long it took.
  std::function<void(bool well, Duration took)> finished;

  Stage& stage() { return stages.emplace_back(); }
  // Adds a stage of one action.
  Action& act(Request request) {
    Action& action = stage().actions.emplace_back();
    action.request = std::move(request);
    return action;
  }
  void record(ObjectPtr about, std::string_view type, std::string_view reason, std::string message) {
    events.push_back({std::move(about), type, std::string(reason), std::move(message)});
  }
  void come_again(Duration delay) {
    if (!again_after || delay < *again_after) again_after = delay;
  }
};

}  // namespace plumb::controllers
