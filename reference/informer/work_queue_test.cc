#include "reference/informer/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "reference/informer/expectations.h"

namespace plumb::informer {
namespace {

using namespace std::chrono_literals;

struct WorkQueueTest : testing::Test {
  VirtualClock clock;
  WorkQueue queue{clock};

  std::string take() {
    const auto key = queue.try_get();
    return key ? *key : "";
  }
};

TEST_F(WorkQueueTest, IsFair) {
  for (const char* key : {"a", "b", "c"}) queue.add(key);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "b");
  EXPECT_EQ(take(), "c");
  EXPECT_EQ(take(), "");
}

TEST_F(WorkQueueTest, HoldsAKeyOnce) {
  queue.add("a");
  queue.add("a");
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(take(), "a");
  EXPECT_EQ(take(), "");
}

TEST_F(WorkQueueTest, GivesAKeyThatIsWorkedOnAgainOnlyAfterDone) {
  queue.add("a");
  EXPECT_EQ(take(), "a");
  queue.add("a");
  queue.add("a");
  EXPECT_EQ(take(), "");
  queue.done("a");
  EXPECT_EQ(take(), "a");
  queue.done("a");
  EXPECT_EQ(take(), "");
}

TEST_F(WorkQueueTest, AddsLaterWithTheEarliestTimeWinning) {
  queue.add_after("a", 10s);
  queue.add_after("b", 5s);
  queue.add_after("a", 3s);
  queue.add_after("b", 7s);
  clock.advance(2999ms);
  EXPECT_EQ(take(), "");
  clock.advance(1ms);
  EXPECT_EQ(take(), "a");
  queue.done("a");
  clock.advance(2s);
  EXPECT_EQ(take(), "b");
  queue.done("b");
  clock.advance(1h);
  EXPECT_EQ(take(), "");
}

TEST_F(WorkQueueTest, BacksOffPerKeyUntilForgotten) {
  std::vector<Duration> waited;
  for (int round = 0; round < 20; ++round) {
    const Instant before = clock.now();
    queue.add_rate_limited("a");
    clock.advance_to_next(1h);
    EXPECT_EQ(take(), "a");
    queue.done("a");
    waited.push_back(clock.now() - before);
  }
  EXPECT_EQ(waited[0], 5ms);
  EXPECT_EQ(waited[1], 10ms);
  EXPECT_EQ(waited[10], 5120ms);
  EXPECT_EQ(waited[19], 1000s);
  EXPECT_EQ(queue.requeues("a"), 20);
  queue.forget("a");
  queue.add_rate_limited("a");
  clock.advance(5ms);
  EXPECT_EQ(take(), "a");
}

TEST_F(WorkQueueTest, LimitsTheRateOverAllKeys) {
  for (int i = 0; i < 110; ++i) queue.add_rate_limited("key" + std::to_string(i));
  clock.advance(5ms);
  EXPECT_EQ(queue.size(), 100u);
  clock.advance(495ms);
  EXPECT_EQ(queue.size(), 105u);
  clock.advance(500ms);
  EXPECT_EQ(queue.size(), 110u);
}

TEST_F(WorkQueueTest, ShutsDown) {
  std::thread waiter([&] { EXPECT_EQ(queue.get(), std::nullopt); });
  queue.shut_down();
  waiter.join();
  queue.add("a");
  EXPECT_EQ(take(), "");
}

TEST(WorkQueueThreads, NeverGiveOneKeyToTwo) {
  WorkQueue queue(real_clock());
  std::mutex mutex;
  std::set<std::string> busy;
  std::atomic<int> handled = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      while (const auto key = queue.get()) {
        {
          std::lock_guard lock(mutex);
          EXPECT_TRUE(busy.insert(*key).second);
        }
        ++handled;
        {
          std::lock_guard lock(mutex);
          busy.erase(*key);
        }
        queue.done(*key);
      }
    });
  }
  for (int i = 0; i < 20'000; ++i) queue.add("key" + std::to_string(i % 7));
  while (queue.size() > 0) std::this_thread::yield();
  queue.shut_down();
  for (std::thread& worker : workers) worker.join();
  EXPECT_GE(handled, 7);
}

TEST(ExpectationsTest, AreMetByWhatIsSeen) {
  VirtualClock clock;
  Expectations expectations(clock);
  EXPECT_TRUE(expectations.satisfied("rs"));
  expectations.expect("rs", 2, {"x"});
  EXPECT_FALSE(expectations.satisfied("rs"));
  expectations.creation_observed("rs");
  expectations.creation_observed("rs");
  EXPECT_FALSE(expectations.satisfied("rs"));
  expectations.deletion_observed("rs", "other");
  EXPECT_FALSE(expectations.satisfied("rs"));
  expectations.deletion_observed("rs", "x");
  EXPECT_TRUE(expectations.satisfied("rs"));
}

TEST(ExpectationsTest, ExpireAfterFiveMinutes) {
  VirtualClock clock;
  Expectations expectations(clock);
  expectations.expect("rs", 1, {});
  clock.advance(5min);
  EXPECT_FALSE(expectations.satisfied("rs"));
  clock.advance(1s);
  EXPECT_TRUE(expectations.satisfied("rs"));
}

}  // namespace
}  // namespace plumb::informer
