#include "reference/apiserver/cache/watch_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <thread>

#include "reference/api/types/corev1.h"
#include "reference/apiserver/test_support.h"

namespace plumb::apiserver::test {
namespace {

std::shared_ptr<corev1::ConfigMap> config_map(const std::string& name, const std::string& value = "", const std::string& label = "") {
  auto made = std::make_shared<corev1::ConfigMap>();
  made->metadata.name = name;
  made->metadata.namespace_ = "default";
  if (!value.empty()) made->data.set("value", value);
  if (!label.empty()) made->metadata.labels.set("app", label);
  return made;
}

// Takes events of a watcher on a thread of its own until `enough` says so.
class Collector {
 public:
  explicit Collector(WatcherPtr watcher) : watcher_(std::move(watcher)) {
    watcher_->on_ready([this] {
      const std::lock_guard lock(mutex_);
      ready_ = true;
      wake_.notify_one();
    });
  }
  // The next events up to `count`, or fewer when none come within ten seconds or the watch ended.
  std::vector<WatchEvent> take(std::size_t count) {
    std::vector<WatchEvent> events;
    while (events.size() < count && !ended) {
      Watcher::Batch batch = watcher_->take(count - events.size());
      for (WatchEvent& event : batch.events) events.push_back(std::move(event));
      ended = batch.ended;
      error = batch.error;
      if (batch.more || ended || events.size() == count) continue;
      std::unique_lock lock(mutex_);
      if (!wake_.wait_for(lock, std::chrono::seconds(10), [&] { return ready_; })) return events;
      ready_ = false;
    }
    return events;
  }
  bool ended = false;
  std::optional<metav1::Status> error;

 private:
  WatcherPtr watcher_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ready_ = false;
};

class WatchCacheTest : public RegistryTest {
 protected:
  WatcherPtr watch(const std::string& labels, std::string_view version, bool initial = false) {
    WatchOptions options;
    options.selection = *parse_selection(resource(corev1::ConfigMap::info()), "default", labels, "");
    options.resource_version = version;
    if (initial) {
      options.send_initial_events = true;
      options.resource_version_match = metav1::ResourceVersionMatchNotOlderThan;
      options.allow_bookmarks = true;
    }
    auto watcher = await<WatcherPtr>([&](auto done) { registry_->watch(resource(corev1::ConfigMap::info()), options, done); });
    EXPECT_TRUE(watcher.ok()) << watcher.status().message.str();
    return *watcher;
  }
  void put(const std::string& name, const std::string& value, const std::string& label = "") {
    auto made = update(config_map(name, value, label));
    ASSERT_TRUE(made.ok()) << made.status().message.str();
  }
};

TEST_F(WatchCacheTest, WritersInParallelLeaveNoGapAndNoDisorder) {
  constexpr int writers = 4, each = 250;
  ASSERT_TRUE(create(config_map("seed")).ok());
  Collector collector(watch("", "0"));
  std::vector<std::thread> threads;
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      for (int i = 0; i < each; ++i) {
        const std::string name = "w" + std::to_string(w) + "-" + std::to_string(i);
        ASSERT_TRUE(create(config_map(name)).ok());
        if (i % 2) { ASSERT_TRUE(remove(corev1::ConfigMap::info(), "default", name).ok()); }
      }
    });
  const std::size_t total = 1 + writers * (each + each / 2);
  const std::vector<WatchEvent> events = collector.take(total);
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(events.size(), total);
  std::map<std::string, int> seen;
  for (std::size_t i = 1; i < events.size(); ++i) {
    if (i > 1) { ASSERT_EQ(events[i].revision, events[i - 1].revision + 1); }
    ASSERT_EQ((*events[i].object)->metadata.resourceVersion, std::to_string(events[i].revision));
    int& state = seen[std::string(events[i].object->key())];
    ASSERT_EQ(events[i].type, state == 0 ? EventType::added : EventType::deleted);
    ++state;
  }
}

TEST_F(WatchCacheTest, AWatchFromAnyPastRevisionTellsTheRest) {
  ASSERT_TRUE(create(config_map("a")).ok());
  const auto second = create(config_map("b"));
  ASSERT_TRUE(second.ok());
  put("a", "1");
  put("a", "2");
  const std::vector<WatchEvent> events = Collector(watch("", (**second)->metadata.resourceVersion.view())).take(2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].type, EventType::modified);
  EXPECT_EQ(events[1].object->key(), "default/a");
}

TEST_F(WatchCacheTest, ObjectsThatEnterOrLeaveTheSelectionAreAddedOrDeleted) {
  ASSERT_TRUE(create(config_map("a", "", "red")).ok());
  Collector collector(watch("app=blue", "0"));
  put("a", "1", "blue");
  put("a", "2", "blue");
  put("a", "3", "red");
  put("a", "4", "red");
  put("a", "5", "blue");
  ASSERT_TRUE(remove(corev1::ConfigMap::info(), "default", "a").ok());
  std::vector<EventType> types;
  for (const WatchEvent& event : collector.take(5)) types.push_back(event.type);
  EXPECT_EQ(types, (std::vector{EventType::added, EventType::modified, EventType::deleted, EventType::added, EventType::deleted}));
}

TEST_F(WatchCacheTest, InitialEventsEndWithABookmark) {
  ASSERT_TRUE(create(config_map("a")).ok());
  ASSERT_TRUE(create(config_map("b")).ok());
  const std::vector<WatchEvent> events = Collector(watch("", "", true)).take(3);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].type, EventType::added);
  EXPECT_EQ(events[1].object->key(), "default/b");
  EXPECT_EQ(events[2].type, EventType::bookmark);
  EXPECT_TRUE(events[2].initial_end);
  EXPECT_GE(events[2].revision, events[1].revision);
}

TEST_F(WatchCacheTest, BookmarksCarryTheRevisionReached) {
  WatchOptions options;
  options.allow_bookmarks = true;
  options.resource_version = std::to_string(cache_->revision());
  auto watcher = await<WatcherPtr>([&](auto done) { registry_->watch(resource(corev1::Secret::info()), options, done); });
  ASSERT_TRUE(watcher.ok());
  ASSERT_TRUE(create(config_map("elsewhere")).ok());
  clock_.advance(std::chrono::seconds(61));
  const std::vector<WatchEvent> events = Collector(*watcher).take(1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].type, EventType::bookmark);
  EXPECT_EQ(events[0].revision, cache_->revision());
}

TEST_F(WatchCacheTest, ForgottenHistoryIsExpired) {
  const auto first = create(config_map("a"));
  ASSERT_TRUE(first.ok());
  for (int i = 0; i < 300; ++i) put("a", std::to_string(i));
  clock_.advance(std::chrono::minutes(5));
  WatchOptions options;
  options.resource_version = (**first)->metadata.resourceVersion.view();
  const auto refused = await<WatcherPtr>([&](auto done) { registry_->watch(resource(corev1::ConfigMap::info()), options, done); });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code, 410);
  EXPECT_EQ(refused.status().reason, "Expired");
  EXPECT_TRUE(refused.status().message.view().starts_with("too old resource version: " + options.resource_version)) << refused.status().message.str();
}

TEST_F(WatchCacheTest, AConsumerThatFallsTooFarBehindIsEnded) {
  ASSERT_TRUE(create(config_map("a")).ok());
  Collector collector(watch("", "0"));
  // Many at once, so that they share commits.
  std::vector<std::thread> threads;
  for (int t = 0; t < 101; ++t)
    threads.emplace_back([&, t] {
      for (int k = 0; k < 100; ++k) EXPECT_TRUE(create(config_map("x" + std::to_string(t) + "-" + std::to_string(k))).ok());
    });
  for (std::thread& thread : threads) thread.join();
  collector.take(20'000);
  EXPECT_TRUE(collector.ended);
}

TEST_F(WatchCacheTest, ANewCacheOverTheSameStoreShowsTheSame) {
  ASSERT_TRUE(create(config_map("a", "1")).ok());
  ASSERT_TRUE(create(config_map("b", "2")).ok());
  auto again = WatchCache::start(*store_, clock_, resources::all(), {});
  ASSERT_TRUE(again.ok());
  const ResourceCache* cache = (*again)->find(resource(corev1::ConfigMap::info()));
  const CachedPtr mine = cache_->find(resource(corev1::ConfigMap::info()))->find("default/b");
  const CachedPtr found = cache->find("default/b");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found->json(), *mine->json());
  EXPECT_EQ(*found->protobuf(), *mine->protobuf());
  // What one writes the other decodes.
  put("b", "3");
  auto waited = std::make_shared<std::promise<void>>();
  (*again)->when_fresh([waited](Status) { waited->set_value(); });
  waited->get_future().wait();
  EXPECT_EQ(static_cast<const corev1::ConfigMap&>(**cache->find("default/b")).data.get("value"), "3");
}

}  // namespace
}  // namespace plumb::apiserver::test
