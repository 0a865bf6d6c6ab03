#include "reference/controllers/framework/driver.h"

#include <algorithm>
#include <unordered_map>

#include "harness/base/log.h"

namespace plumb::controllers {

namespace {

constexpr Duration sync_poll = std::chrono::milliseconds(10);

// Upstream's cause NamespaceTerminating: the creation will never succeed.
bool namespace_is_going(const Request& request, const Error& error) {
  return request.verb == informer::Verb::create && error.reason == "Forbidden" &&
         error.message.find("because it is being terminated") != std::string::npos;
}

void replace_braces(std::string& message, std::string_view with) {
  if (const auto at = message.find("{}"); at != std::string::npos) message.replace(at, 2, with);
}

// Counts answers down to zero, for one thread to wait for.
class Latch {
 public:
  explicit Latch(std::size_t count) : left_(count) {}
  void count_down() {
    std::lock_guard lock(mutex_);
    if (--left_ == 0) zero_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    zero_.wait(lock, [&] { return left_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable zero_;
  std::size_t left_;
};

}  // namespace

// One plan being carried out, with what follows from it.
class Driver::Execution {
 public:
  explicit Execution(Driver& driver) : driver_(driver) {}

  // The last plan of the chain; its `retry` is set when something failed.
  Plan run(Plan plan) {
    for (;;) {
      for (const Event& event : plan.events) record(event);
      Outcome outcome;
      for (Stage& stage : plan.stages) run(stage, outcome);
      if (!plan.then) {
        if (outcome.failure) plan.retry = std::move(outcome.failure);
        return plan;
      }
      Plan next = plan.then(outcome);
      if (plan.again_after) next.come_again(*plan.again_after);
      if (plan.retry && !next.retry) next.retry = std::move(plan.retry);
      if (plan.finished && !next.finished) next.finished = std::move(plan.finished);
      plan = std::move(next);
    }
  }

 private:
  void run(Stage& stage, Outcome& outcome) {
    const std::size_t first = outcome.answers.size(), count = stage.actions.size();
    outcome.answers.resize(first + count);
    if (outcome.failure) return;
    expect(stage);
    std::size_t batch = stage.slow_start ? 1 : count;
    for (std::size_t at = 0; at < count;) {
      const std::size_t end = std::min(count, at + batch);
      send(stage, at, end, outcome, first);
      for (std::size_t i = at; i < end; ++i) settle(stage, stage.actions[i], outcome.answers[first + i], outcome);
      at = end;
      batch *= 2;
      if (!outcome.failure) continue;
      for (std::size_t i = at; i < count; ++i) unexpect(stage, stage.actions[i]);
      return;
    }
  }

  void expect(const Stage& stage) {
    if (stage.expect_for.empty()) return;
    int creations = 0;
    std::vector<std::string> deletions;
    for (const Action& action : stage.actions) {
      if (action.request.verb == informer::Verb::create) ++creations;
      if (action.request.verb == informer::Verb::remove) deletions.push_back(informer::object_key(action.request.namespace_, action.request.name));
    }
    driver_.expectations_.expect(stage.expect_for, creations, deletions);
  }

  void unexpect(const Stage& stage, const Action& action) {
    if (stage.expect_for.empty()) return;
    if (action.request.verb == informer::Verb::create) driver_.expectations_.creation_observed(stage.expect_for);
    if (action.request.verb == informer::Verb::remove)
      driver_.expectations_.deletion_observed(stage.expect_for, informer::object_key(action.request.namespace_, action.request.name));
  }

  void send(Stage& stage, std::size_t from, std::size_t to, Outcome& outcome, std::size_t first) {
    const auto latch = std::make_shared<Latch>(to - from);
    for (std::size_t i = from; i < to; ++i) {
      Action& action = stage.actions[i];
      Answer& answer = outcome.answers[first + i];
      answer.sent = true;
      if (!action.raw.empty()) {
        driver_.client_.get_raw(action.raw, [&answer, latch](Result<std::string> text) {
          if (text.ok()) {
            answer.text = std::move(*text);
          } else {
            answer.object = std::move(text).error();
          }
          latch->count_down();
        });
        continue;
      }
      if (action.list) {
        informer::ListOptions options;
        options.namespace_ = action.request.namespace_;
        driver_.client_.list(*action.request.resource, options, [&answer, latch](Result<api::ObjectList> list) {
          if (list.ok()) {
            answer.items = std::move(list->items);
          } else {
            answer.object = std::move(list).error();
          }
          latch->count_down();
        });
        continue;
      }
      Request request = action.request;
      use_known_version(request);
      driver_.client_.send(std::move(request), [&answer, latch](Result<ObjectPtr> result) {
        answer.object = std::move(result);
        latch->count_down();
      });
    }
    latch->wait();
  }

  void use_known_version(Request& request) const {
    if (request.verb != informer::Verb::update || request.object->metadata.resourceVersion.empty()) return;
    const auto known = versions_.find(request.object->metadata.uid.str());
    if (known == versions_.end() || request.object->metadata.resourceVersion == known->second) return;
    auto copy = api::clone(*request.object);
    copy->metadata.resourceVersion = known->second;
    request.object = std::move(copy);
  }

  void settle(const Stage& stage, const Action& action, Answer& answer, Outcome& outcome) {
    if (answer.object.ok()) {
      if (const ObjectPtr& object = *answer.object) versions_[object->metadata.uid.str()] = object->metadata.resourceVersion;
      if (action.on_success) {
        Event event = *action.on_success;
        replace_braces(event.message, *answer.object ? (*answer.object)->metadata.name.view() : std::string_view(action.request.name));
        record(event);
      }
      return;
    }
    const Error& error = answer.object.error();
    unexpect(stage, action);
    if (namespace_is_going(action.request, error)) return;
    if (std::find(action.accept.begin(), action.accept.end(), error.reason) != action.accept.end()) return;
    if (action.on_failure) {
      Event event = *action.on_failure;
      replace_braces(event.message, error.message);
      record(event);
    }
    if (!outcome.failure) outcome.failure = error;
  }

  void record(const Event& event) { driver_.recorder_.record(*event.about, event.type, event.reason, event.message); }

  Driver& driver_;
  std::unordered_map<std::string, api::Str> versions_;  // by UID
};

Driver::Driver(std::string name, std::unique_ptr<Controller> controller, informer::Client& client, informer::InformerFactory& informers,
               Clock& clock, const Options& options)
    : name_(std::move(name)),
      client_(client),
      clock_(clock),
      queue_(clock, controller->queue_name()),
      expectations_(clock),
      recorder_(client, clock, controller->component()),
      watches_(informers, queue_, expectations_, clock, options),
      controller_(std::move(controller)) {
  controller_->watch(watches_);
}

Driver::~Driver() { stop(); }

void Driver::start() {
  for (int i = 0; i < controller_->workers(); ++i) {
    workers_.emplace_back([this] {
      {
        std::unique_lock lock(gate_->mutex);
        gate_->changed.wait(lock, [&] { return gate_->open || gate_->stopped; });
      }
      while (const auto key = queue_.get()) {
        work_on(*key);
        queue_.done(*key);
      }
    });
  }
  std::lock_guard lock(gate_->mutex);
  wait_for_sync();
}

// Called with the gate's lock held. The timer holds the gate, not the driver: once stopped is set it touches nothing else.
void Driver::wait_for_sync() {
  gate_->timer.reset();
  if (gate_->stopped) return;
  if (watches_.synced()) {
    gate_->open = true;
    gate_->changed.notify_all();
    return;
  }
  gate_->timer = clock_.after(sync_poll, [this, gate = gate_] {
    std::lock_guard lock(gate->mutex);
    if (!gate->stopped) wait_for_sync();
  });
}

void Driver::stop() {
  {
    std::lock_guard lock(gate_->mutex);
    gate_->stopped = true;
    if (gate_->timer) clock_.cancel(*gate_->timer);
    gate_->changed.notify_all();
  }
  queue_.shut_down();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

std::size_t Driver::run_pending(std::size_t most) {
  if (!watches_.synced()) return 0;
  std::size_t worked = 0;
  while (worked < most) {
    const auto key = queue_.try_get();
    if (!key) break;
    work_on(*key);
    queue_.done(*key);
    ++worked;
  }
  return worked;
}

void Driver::work_on(const std::string& key) {
  const Now began{clock_.now(), clock_.wall()};
  const Plan last = Execution(*this).run(controller_->reconcile(key, began));
  if (last.finished) last.finished(!last.retry, clock_.now() - began.steady);
  if (last.retry) {
    const bool expected = informer::is_conflict(*last.retry);
    log::write(expected ? log::Level::debug : log::Level::warning, name_, key + ": " + last.retry->message + "; trying again");
    queue_.add_rate_limited(key);
    return;
  }
  queue_.forget(key);
  if (last.again_after) queue_.add_after(key, *last.again_after);
}

}  // namespace plumb::controllers
