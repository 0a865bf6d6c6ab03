#include "harness/load/engine.h"

#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <thread>

#include "harness/base/queue.h"

namespace plumb::harness {
namespace {

using namespace std::chrono_literals;

// A server with one thread: answers in order, each operation takes `service`, and nothing moves before `stalled_until`.
class QueueServer final : public Operation {
 public:
  QueueServer(VirtualClock& clock, Duration service) : clock_(clock), service_(service) {}
  void stall_until(Instant when) { free_at_ = when; }
  void fail_every(std::uint64_t n) { fail_every_ = n; }

  void start(std::uint64_t number, std::shared_ptr<Ticket> ticket) override {
    free_at_ = std::max(free_at_, clock_.now()) + service_;
    const bool fails = fail_every_ != 0 && number % fail_every_ == 0;
    clock_.at(free_at_, [ticket = std::move(ticket), fails] {
      ticket->first_byte();
      ticket->done(fails ? "HTTP 500" : "");
      ticket->done("a second end does not count");
    });
  }

 private:
  VirtualClock& clock_;
  const Duration service_;
  Instant free_at_{};
  std::uint64_t fail_every_ = 0;
};

class Immediate final : public Operation {
 public:
  void start(std::uint64_t, std::shared_ptr<Ticket> ticket) override { ticket->done(""); }
};

class Silent final : public Operation {
 public:
  void start(std::uint64_t, std::shared_ptr<Ticket> ticket) override { kept.push_back(std::move(ticket)); }
  std::vector<std::shared_ptr<Ticket>> kept;
};

LoadPlan at_rate(double rate, Duration length) {
  LoadPlan plan;
  plan.loop = OpenLoop{.arrivals = {.rate = rate, .length = length}};
  plan.drain = 10s;
  return plan;
}

LoadResult play(VirtualClock& clock, Operation& operation, LoadPlan plan) {
  auto run = LoadRun::create(clock, operation, std::move(plan));
  EXPECT_TRUE(run.ok());
  (*run)->start();
  while (!(*run)->finished() && clock.advance_to_next(1h)) {
  }
  EXPECT_TRUE((*run)->finished());
  return (*run)->result();
}

void expect_all_accounted(const LoadResult& result) {
  EXPECT_EQ(result.requested, result.sent + result.unsent);
  EXPECT_EQ(result.sent, result.succeeded + result.failures() + result.unfinished);
}

TEST(LoadRun, DeliversARateAndMeasuresIt) {
  VirtualClock clock;
  QueueServer server(clock, 1ms);
  const auto result = play(clock, server, at_rate(100, 10s));
  EXPECT_EQ(result.succeeded, 1000u);
  EXPECT_TRUE(result.invalid.empty());
  EXPECT_DOUBLE_EQ(result.requested_rate, 100);
  EXPECT_DOUBLE_EQ(result.sent_rate, 100);
  EXPECT_NEAR(static_cast<double>(result.latency_intended.percentile(99)), 1e6, 1e3);
  EXPECT_EQ(result.send_lag.max(), 0u);
  ASSERT_EQ(result.windows.size(), 20u);
  for (const auto& window : result.windows) EXPECT_EQ(window.intended.count(), 50u);
  expect_all_accounted(result);
}

// The textbook case: a stall of 1 s in 10 s at 100/s. A closed loop would see one slow operation; here every operation that was due
// during the stall has waited.
TEST(LoadRun, AStallCountsAgainstEverythingThatWaited) {
  VirtualClock clock;
  QueueServer server(clock, 1us);
  server.stall_until(clock.now() + 1s);
  auto plan = at_rate(100, 10s);
  std::get<OpenLoop>(plan.loop).most_in_flight = 1;
  const auto result = play(clock, server, plan);
  EXPECT_EQ(result.succeeded, 1000u);
  EXPECT_NEAR(static_cast<double>(result.latency_intended.percentile(95)), 0.5e9, 0.02e9);
  EXPECT_LT(result.latency_sent.percentile(95), 2'000u);
  EXPECT_NEAR(static_cast<double>(result.send_lag.max()), 0.99e9, 0.01e9);
  expect_all_accounted(result);
}

TEST(LoadRun, IsInvalidWhenTheClusterCannotTakeTheLoad) {
  VirtualClock clock;
  QueueServer server(clock, 20ms);
  auto plan = at_rate(100, 10s);
  std::get<OpenLoop>(plan.loop).most_in_flight = 10;
  plan.drain = 1s;
  const auto result = play(clock, server, plan);
  ASSERT_EQ(result.invalid.size(), 2u);
  EXPECT_NE(result.invalid[0].find("the cluster fell behind"), std::string::npos) << result.invalid[0];
  EXPECT_NE(result.invalid[1].find("never sent"), std::string::npos);
  EXPECT_GT(result.unsent, 0u);
  EXPECT_GT(result.unfinished, 0u);
  expect_all_accounted(result);
}

TEST(LoadRun, IsInvalidWhenTheClientIsLate) {
  VirtualClock clock;
  Immediate server;
  auto run = LoadRun::create(clock, server, at_rate(100, 1s));
  (*run)->start();
  clock.advance(5s);  // timers fire in order of their time, each at its time: on time
  EXPECT_TRUE((*run)->result().invalid.empty());

  class SlowToStart final : public Operation {
   public:
    explicit SlowToStart(VirtualClock& clock) : clock_(clock) {}
    void start(std::uint64_t, std::shared_ptr<Ticket> ticket) override {
      clock_.advance(50ms);
      ticket->done("");
    }
    VirtualClock& clock_;
  };
  VirtualClock other;
  SlowToStart slow(other);
  const auto result = play(other, slow, at_rate(100, 1s));
  ASSERT_FALSE(result.invalid.empty());
  EXPECT_NE(result.invalid[0].find("the client could not keep up"), std::string::npos) << result.invalid[0];
}

TEST(LoadRun, CountsFailuresByReasonAndKeepsThemOutOfLatencies) {
  VirtualClock clock;
  QueueServer server(clock, 1ms);
  server.fail_every(4);
  const auto result = play(clock, server, at_rate(100, 1s));
  EXPECT_EQ(result.failed.at("HTTP 500"), 25u);
  EXPECT_EQ(result.latency_intended.count(), 75u);
  EXPECT_EQ(result.failed.size(), 1u);
  expect_all_accounted(result);
}

TEST(LoadRun, WhatNeverEndsIsUnfinished) {
  VirtualClock clock;
  Silent server;
  const auto result = play(clock, server, at_rate(10, 1s));
  EXPECT_EQ(result.unfinished, 10u);
  expect_all_accounted(result);
  server.kept.front()->done("");  // too late: ignored
}

TEST(LoadRun, ClosedLoopKeepsItsWorkersBusy) {
  VirtualClock clock;
  QueueServer server(clock, 10ms);
  LoadPlan plan;
  plan.loop = ClosedLoop{.workers = 4, .operations = 50};
  const auto result = play(clock, server, plan);
  EXPECT_EQ(result.succeeded, 50u);
  EXPECT_EQ(result.most_in_flight, 4u);
  EXPECT_NEAR(result.completed_rate, 100, 1e-6);
  EXPECT_NEAR(static_cast<double>(result.latency_sent.percentile(50)), 40e6, 1e5);
  expect_all_accounted(result);
}

TEST(LoadRun, ClosedLoopOfImmediateAnswersDoesNotRecurse) {
  VirtualClock clock;
  Immediate server;
  LoadPlan plan;
  plan.loop = ClosedLoop{.workers = 2, .operations = 200'000};
  EXPECT_EQ(play(clock, server, plan).succeeded, 200'000u);
}

TEST(LoadRun, StopEndsEarlyAndSaysSo) {
  VirtualClock clock;
  QueueServer server(clock, 1ms);
  auto run = LoadRun::create(clock, server, at_rate(100, 100s));
  (*run)->start();
  clock.advance(1s);
  (*run)->stop();
  clock.advance(1s);
  ASSERT_TRUE((*run)->finished());
  const auto result = (*run)->result();
  EXPECT_TRUE(result.interrupted);
  EXPECT_FALSE(result.invalid.empty());
  EXPECT_LE(result.sent, 102u);
  expect_all_accounted(result);
}

TEST(LoadRun, WhatEndsEarlyIsJudgedByWhatWasDueUntilThen) {
  VirtualClock clock;
  QueueServer server(clock, 1ms);
  auto run = LoadRun::create(clock, server, at_rate(100, 1h));
  ASSERT_TRUE(run.ok());
  (*run)->start();
  clock.advance(2005ms);
  (*run)->end_early();
  clock.advance(1s);
  ASSERT_TRUE((*run)->finished());
  const auto result = (*run)->result();
  EXPECT_EQ(result.succeeded, 201u);
  EXPECT_TRUE(result.invalid.empty()) << result.invalid.front();
  EXPECT_NEAR(result.requested_rate, 100, 1);
  EXPECT_DOUBLE_EQ(result.sent_rate, result.requested_rate);
  expect_all_accounted(result);
}

TEST(LoadRun, RefusesPlansWithoutLoad) {
  VirtualClock clock;
  Immediate server;
  LoadPlan plan;
  plan.loop = ClosedLoop{.workers = 0, .operations = 1};
  EXPECT_FALSE(LoadRun::create(clock, server, plan).ok());
  plan.loop = ClosedLoop{.workers = 1};
  EXPECT_FALSE(LoadRun::create(clock, server, plan).ok());
  EXPECT_FALSE(LoadRun::create(clock, server, at_rate(0, 1s)).ok());
}

TEST(LoadRun, EndsFromManyThreadsAreAllCounted) {
  class Threaded final : public Operation {
   public:
    void start(std::uint64_t number, std::shared_ptr<Ticket> ticket) override {
      threads[number % threads.size()].push([ticket = std::move(ticket)] { ticket->done(""); });
    }
    struct Worker {
      Worker() : thread([this] { while (auto work = queue.pop()) (*work)(); }) {}
      ~Worker() {
        queue.close();
        thread.join();
      }
      void push(std::function<void()> work) { queue.push(std::move(work)); }
      BoundedQueue<std::function<void()>> queue{1000};
      std::thread thread;
    };
    std::array<Worker, 4> threads;
  };
  Threaded server;
  LoadPlan plan;
  plan.loop = ClosedLoop{.workers = 16, .operations = 5000};
  auto run = LoadRun::create(real_clock(), server, plan);
  (*run)->start();
  (*run)->wait();
  EXPECT_EQ((*run)->result().succeeded, 5000u);
}

}  // namespace
}  // namespace plumb::harness
