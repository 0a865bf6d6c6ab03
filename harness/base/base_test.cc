#include <gtest/gtest.h>

#include "harness/base/clock.h"
#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/metrics.h"
#include "harness/base/queue.h"
#include "harness/base/random.h"
#include "harness/base/registry.h"
#include "harness/base/result.h"
#include "harness/base/worker_pool.h"

#include <atomic>
#include <vector>

namespace plumb {
namespace {

using namespace std::chrono_literals;

Result<int> half(int n) {
  if (n % 2) return fail(Code::invalid_argument, "odd");
  return n / 2;
}
Result<int> quarter(int n) { return PLUMB_TRY(half(PLUMB_TRY(half(n)))); }

TEST(Result, TryPassesValuesAndErrors) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
  EXPECT_EQ(quarter(6).error().in("halving 6").message, "halving 6: odd");
}

TEST(VirtualClock, FiresInOrderOfTimeAndOnlyWhenDue) {
  VirtualClock clock;
  std::vector<int> fired;
  clock.after(2s, [&] { fired.push_back(2); });
  clock.after(1s, [&] {
    fired.push_back(1);
    clock.after(500ms, [&] { fired.push_back(15); });
  });
  const auto cancelled = clock.after(1500ms, [&] { fired.push_back(-1); });
  EXPECT_TRUE(clock.cancel(cancelled));
  EXPECT_FALSE(clock.cancel(cancelled));
  clock.advance(999ms);
  EXPECT_TRUE(fired.empty());
  const WallTime before = clock.wall();
  clock.advance(10s);
  EXPECT_EQ(fired, (std::vector<int>{1, 15, 2}));
  EXPECT_EQ(clock.wall() - before, 10s);
}

TEST(RealClock, FiresAndCancels) {
  BoundedQueue<int> fired(4);
  const auto late = real_clock().after(1h, [&] { fired.push(0); });
  real_clock().after(1ms, [&] { fired.push(1); });
  EXPECT_EQ(fired.pop(), 1);
  EXPECT_TRUE(real_clock().cancel(late));
}

TEST(BoundedQueue, RefusesWhenFullAndDrainsAfterClose) {
  BoundedQueue<int> queue(1);
  EXPECT_TRUE(queue.try_push(1));
  EXPECT_FALSE(queue.try_push(2));
  queue.close();
  EXPECT_FALSE(queue.push(3));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(WorkerPool, FinishesAcceptedWork) {
  std::atomic<int> done = 0;
  {
    WorkerPool pool(2, 100);
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(pool.post([&] { ++done; }));
  }
  EXPECT_EQ(done, 50);
}

TEST(Encoding, Base64BothWays) {
  for (const auto& [plain, coded] : std::vector<std::pair<std::string, std::string>>{{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
  }
  for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Z!==", "Zg==Zg=="}) EXPECT_FALSE(base64_decode(bad)) << bad;
  EXPECT_EQ(base64url_decode(base64url_encode("\xff\xfe?")), "\xff\xfe?");
}

TEST(Encoding, Url) {
  EXPECT_EQ(url_encode("a b/c"), "a%20b%2Fc");
  EXPECT_EQ(url_decode("a%20b%2Fc"), "a b/c");
  for (const char* bad : {"%", "%2", "%zz", "a%"}) EXPECT_FALSE(url_decode(bad)) << bad;
  EXPECT_EQ(url_decode("a+b", true), "a b");
}

TEST(Encoding, Ints) {
  EXPECT_EQ(parse_int("-42"), -42);
  for (const char* bad : {"", "1x", " 1", "9223372036854775808"}) EXPECT_FALSE(parse_int(bad)) << bad;
}

TEST(Random, UuidShape) {
  const std::string uuid = random_uuid();
  EXPECT_EQ(uuid.size(), 36u);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(uuid, random_uuid());
  EXPECT_EQ(Random(7).suffix(5), Random(7).suffix(5));
}

TEST(Metrics, TextHoldsWhatWasCounted) {
  metrics::counter("base_test_things_total", "Things.", {{"kind", "a"}}).add(2);
  metrics::counter("base_test_things_total", "Things.", {{"kind", "a"}}).add();
  EXPECT_NE(metrics::text().find("base_test_things_total{kind=\"a\"} 3"), std::string::npos);
}

struct Animal {
  virtual ~Animal() = default;
};
const Registered<Animal> cat{"cat", [] { return std::make_unique<Animal>(); }};

TEST(Registry, KnowsNamesAndStopsOnDuplicates) {
  EXPECT_NE(Registry<Animal>::make("cat"), nullptr);
  EXPECT_EQ(Registry<Animal>::make("dog"), nullptr);
  EXPECT_DEATH(Registry<Animal>::add("cat", [] { return std::make_unique<Animal>(); }), "registered twice: cat");
}

TEST(File, ReadsFilesAndNothingElse) {
  EXPECT_FALSE(read_file("/proc/self/status").value().empty());
  EXPECT_EQ(read_file("/proc/self/status", 10).error().code, Code::invalid_argument);
  EXPECT_EQ(read_file("/no/such/file").error().message, "reading /no/such/file: No such file or directory");
  EXPECT_EQ(read_file("/tmp").error().message, "reading /tmp: Is a directory");
}

}  // namespace
}  // namespace plumb
