#include "harness/load/engine.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace plumb::harness {
namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
std::uint64_t nanoseconds(Duration duration) { return static_cast<std::uint64_t>(std::max<std::int64_t>(0, duration.count())); }

// A late client or a full backlog shows in the share of operations that were sent later than this after they were due.
constexpr Duration late = std::chrono::milliseconds(100);
constexpr double most_late_share = 0.05;

}  // namespace

std::uint64_t LoadResult::failures() const {
  std::uint64_t sum = 0;
  for (const auto& [reason, count] : failed) sum += count;
  return sum;
}

struct LoadRun::State : std::enable_shared_from_this<LoadRun::State> {
  State(Clock& the_clock, Operation& the_operation, LoadPlan the_plan, LoadObserver the_observer)
      : clock(the_clock), operation(the_operation), plan(std::move(the_plan)), observer(std::move(the_observer)) {}

  Clock& clock;
  Operation& operation;
  const LoadPlan plan;
  const LoadObserver observer;
  const OpenLoop* open() const { return std::get_if<OpenLoop>(&plan.loop); }
  const ClosedLoop* closed() const { return std::get_if<ClosedLoop>(&plan.loop); }

  struct Due {
    std::uint64_t number;
    Instant intended;
  };

  mutable std::mutex mutex;
  std::condition_variable ended;
  std::optional<Schedule> schedule;
  std::optional<Duration> next_arrival;
  std::deque<Due> backlog;  // bounded by the schedule's number of arrivals
  LoadResult result;
  Instant began{}, last_completion{};
  std::uint64_t sent_in_time = 0, in_flight = 0, sent_late = 0;
  bool sending = false;   // arrivals or workers may still send
  bool pumping = false;   // one thread at a time hands operations out, so that a completion inside start() does not recurse
  bool over = false;
  std::size_t observers_running = 0;
  Clock::TimerId arrival_timer = 0, end_timer = 0, drain_timer = 0;

  class OperationTicket;

  std::optional<Duration> cut;  // end_early() ended the planned time here

  Duration planned() const { return cut ? *cut : open() ? open()->arrivals.length : closed()->length; }

  void start();
  void take_due_arrivals(Instant now);
  void arm_arrival_timer();
  void on_arrival_timer();
  void pump();
  bool take_next(Instant now, Due& due);
  void finish_sending();
  void check_ended();
  void end();
  void judge();
  void complete(const Due& due, Instant sent_at, const std::string& reason);
  LoadWindow* window_at(Instant when);
};

class LoadRun::State::OperationTicket final : public Ticket {
 public:
  OperationTicket(std::shared_ptr<State> state, Due due, Instant sent) : state_(std::move(state)), due_(due), sent_(sent) {}
  void first_byte() override {
    std::lock_guard lock(state_->mutex);
    if (saw_first_byte_ || ended_ || state_->over) return;
    saw_first_byte_ = true;
    state_->result.first_byte.record(nanoseconds(state_->clock.now() - sent_));
  }
  void done(std::string failure_reason) override {
    {
      std::lock_guard lock(state_->mutex);
      if (ended_ || state_->over) return;
      ended_ = true;
    }
    state_->complete(due_, sent_, failure_reason);
  }

 private:
  const std::shared_ptr<State> state_;
  const Due due_;
  const Instant sent_;
  bool saw_first_byte_ = false;
  bool ended_ = false;
};

void LoadRun::State::start() {
  {
    std::lock_guard lock(mutex);
    began = last_completion = clock.now();
    sending = true;
    result.windows.resize(planned() > Duration::zero() ? plan.windows : 0);
    if (!result.windows.empty()) result.window_length = planned() / static_cast<std::int64_t>(plan.windows);
    const auto self = shared_from_this();
    if (planned() > Duration::zero()) {
      end_timer = clock.at(began + planned(), [self] { self->finish_sending(); });
    }
    if (schedule) {
      next_arrival = schedule->next();
      take_due_arrivals(began);
      arm_arrival_timer();
    }
  }
  pump();
}

void LoadRun::State::take_due_arrivals(Instant now) {
  while (next_arrival && began + *next_arrival <= now) {
    backlog.push_back({result.requested++, began + *next_arrival});
    next_arrival = schedule->next();
  }
}

void LoadRun::State::arm_arrival_timer() {
  if (!next_arrival || !sending) return;
  arrival_timer = clock.at(began + *next_arrival, [self = shared_from_this()] { self->on_arrival_timer(); });
}

void LoadRun::State::on_arrival_timer() {
  {
    std::lock_guard lock(mutex);
    if (!sending) return;
    take_due_arrivals(clock.now());
    arm_arrival_timer();
  }
  pump();
}

// With the lock held: the next operation to send now, if there is one.
bool LoadRun::State::take_next(Instant now, Due& due) {
  if (over) return false;
  if (open()) {
    if (backlog.empty() || in_flight >= open()->most_in_flight || result.interrupted) return false;
    due = backlog.front();
    backlog.pop_front();
    return true;
  }
  const bool all_sent = closed()->operations != 0 && result.requested >= closed()->operations;
  if (all_sent) sending = false;
  if (!sending || in_flight >= closed()->workers) return false;
  due = {result.requested++, now};
  return true;
}

void LoadRun::State::pump() {
  std::unique_lock lock(mutex);
  if (pumping) return;
  pumping = true;
  Due due{};
  for (Instant now = clock.now(); take_next(now, due); now = clock.now()) {
    ++result.sent;
    ++in_flight;
    if (cut || planned() == Duration::zero() || now <= began + planned()) ++sent_in_time;  // with a cut, how late it is says enough
    sent_late += now - due.intended > late;
    result.send_lag.record(nanoseconds(now - due.intended));
    result.most_in_flight = std::max(result.most_in_flight, in_flight);
    auto ticket = std::make_shared<OperationTicket>(shared_from_this(), due, now);
    lock.unlock();
    operation.start(due.number, std::move(ticket));
    lock.lock();
  }
  result.most_backlog = std::max<std::uint64_t>(result.most_backlog, backlog.size());
  pumping = false;
  ended.notify_all();
  check_ended();
}

LoadWindow* LoadRun::State::window_at(Instant when) {
  if (result.windows.empty()) return nullptr;
  const auto index = static_cast<std::size_t>((when - began) / result.window_length);
  return index < result.windows.size() ? &result.windows[index] : nullptr;
}

void LoadRun::State::complete(const Due& due, Instant sent_at, const std::string& reason) {
  const Instant now = clock.now();
  {
    std::lock_guard lock(mutex);
    if (over) return;
    --in_flight;
    last_completion = std::max(last_completion, now);
    if (reason.empty()) {
      ++result.succeeded;
      result.latency_intended.record(nanoseconds(now - due.intended));
      result.latency_sent.record(nanoseconds(now - sent_at));
      if (LoadWindow* window = window_at(due.intended)) window->intended.record(nanoseconds(now - due.intended));
      if (LoadWindow* window = window_at(now)) ++window->completed;
    } else {
      ++result.failed[reason];
    }
    ++observers_running;
  }
  if (observer.ended) observer.ended(now - due.intended, now - sent_at, reason);
  {
    std::lock_guard lock(mutex);
    --observers_running;
    ended.notify_all();
  }
  pump();
}

// The planned time is over, or somebody stopped the run. What is in the backlog of an open loop is still sent while the drain time lasts.
void LoadRun::State::finish_sending() {
  {
    std::lock_guard lock(mutex);
    if (!sending || over) return;
    if (open()) take_due_arrivals(clock.now());
    sending = false;
    clock.cancel(arrival_timer);
    clock.cancel(end_timer);
    drain_timer = clock.after(plan.drain, [self = shared_from_this()] {
      std::lock_guard relock(self->mutex);
      self->end();
    });
  }
  pump();
}

void LoadRun::State::check_ended() {
  const bool nothing_to_send = !sending && (backlog.empty() || result.interrupted);
  if (!over && !pumping && nothing_to_send && in_flight == 0) end();
}

void LoadRun::State::end() {
  if (over) return;
  over = true;
  sending = false;
  for (const auto timer : {arrival_timer, end_timer, drain_timer}) clock.cancel(timer);
  result.unfinished = in_flight;
  result.unsent = backlog.size();
  judge();
  ended.notify_all();
}

void LoadRun::State::judge() {
  result.elapsed = last_completion - began;
  if (result.elapsed > Duration::zero()) result.completed_rate = static_cast<double>(result.succeeded) / seconds(result.elapsed);
  if (closed()) {
    result.sent_rate = result.elapsed > Duration::zero() ? static_cast<double>(result.sent) / seconds(result.elapsed) : 0;
    if (result.sent == 0) result.invalid.push_back("no operation was sent");
    return;
  }
  const double expected = cut || open()->arrivals.kind == Arrivals::Kind::poisson ? static_cast<double>(result.requested) : schedule->expected_count();
  result.requested_rate = expected / seconds(planned());
  result.sent_rate = static_cast<double>(sent_in_time) / seconds(planned());
  if (result.interrupted) {
    result.invalid.push_back("interrupted before all operations were sent");
    return;
  }
  if (result.sent_rate < plan.least_delivered * result.requested_rate) {
    result.invalid.push_back("sent " + std::to_string(sent_in_time) + " of " + std::to_string(static_cast<std::uint64_t>(expected)) +
                             " operations within the planned time: " +
                             (result.most_in_flight >= open()->most_in_flight ? "the cluster fell behind until the limit of operations in flight was reached"
                                                                              : "the client could not keep up"));
  } else if (static_cast<double>(sent_late) > most_late_share * static_cast<double>(result.sent)) {
    result.invalid.push_back("the client sent " + std::to_string(sent_late) + " of " + std::to_string(result.sent) +
                             " operations more than 100 ms after they were due");
  }
  if (result.unsent != 0) result.invalid.push_back(std::to_string(result.unsent) + " operations were never sent: the backlog did not drain");
}

Result<std::unique_ptr<LoadRun>> LoadRun::create(Clock& clock, Operation& operation, LoadPlan plan, LoadObserver observer) {
  plan.windows = std::max<std::size_t>(plan.windows, 1);
  std::optional<Schedule> schedule;
  if (const auto* open = std::get_if<OpenLoop>(&plan.loop)) {
    if (open->most_in_flight == 0) return fail(Code::invalid_argument, "planning load: at least one operation must be allowed in flight");
    schedule = PLUMB_TRY(Schedule::create(open->arrivals));
  } else {
    const auto& closed = std::get<ClosedLoop>(plan.loop);
    if (closed.workers == 0) return fail(Code::invalid_argument, "planning load: at least one worker is needed");
    if (closed.operations == 0 && closed.length <= Duration::zero()) {
      return fail(Code::invalid_argument, "planning load: say how many operations, or for how long");
    }
  }
  auto state = std::make_shared<State>(clock, operation, std::move(plan), std::move(observer));
  state->schedule = std::move(schedule);
  return std::unique_ptr<LoadRun>(new LoadRun(std::move(state)));
}

LoadRun::LoadRun(std::shared_ptr<State> state) : state_(std::move(state)) {}

LoadRun::~LoadRun() {
  std::unique_lock lock(state_->mutex);
  state_->result.interrupted = true;
  state_->end();
  state_->ended.wait(lock, [&] { return !state_->pumping && state_->observers_running == 0; });
}

void LoadRun::start() { state_->start(); }

void LoadRun::stop() {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->over) return;
    state_->result.interrupted = true;
  }
  state_->finish_sending();
  state_->pump();
}

void LoadRun::end_early() {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->over || !state_->sending) return;
    state_->cut = std::max(state_->clock.now() - state_->began, Duration(1));
  }
  state_->finish_sending();
}

bool LoadRun::finished() const {
  std::lock_guard lock(state_->mutex);
  return state_->over;
}

void LoadRun::wait() {
  std::unique_lock lock(state_->mutex);
  state_->ended.wait(lock, [&] { return state_->over; });
}

LoadProgress LoadRun::progress() const {
  std::lock_guard lock(state_->mutex);
  return {state_->result.requested, state_->result.sent, state_->result.succeeded, state_->result.failures(), state_->in_flight,
          state_->backlog.size()};
}

LoadResult LoadRun::result() const {
  std::lock_guard lock(state_->mutex);
  return state_->result;
}

}  // namespace plumb::harness
