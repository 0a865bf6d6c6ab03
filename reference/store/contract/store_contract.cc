#include "reference/store/contract/store_contract.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "harness/base/random.h"

namespace plumb::store {

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

namespace {

using namespace std::chrono_literals;
constexpr auto patience = 30s;

// Gathers what a watch delivers and checks its order.
class Recorder {
 public:
  WatchHandler handler() {
    return [this](Result<WatchBatch> batch) {
      std::lock_guard lock(mutex_);
      if (batch.ok())
        take(*batch);
      else
        error_ = batch.error();
      changed_.notify_all();
    };
  }
  bool wait(const std::function<bool(const Recorder&)>& until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return until(*this); });
  }
  bool wait_for_events(std::size_t count) {
    return wait([&](const Recorder& r) { return r.events_.size() >= count; });
  }
  bool wait_for_revision(Revision revision) {
    return wait([&](const Recorder& r) { return r.revision_ >= revision; });
  }
  bool wait_for_error() {
    return wait([](const Recorder& r) { return r.error_.has_value(); });
  }
  std::vector<EventPtr> events() const {
    std::lock_guard lock(mutex_);
    return events_;
  }
  std::optional<Error> error() const {
    std::lock_guard lock(mutex_);
    return error_;
  }

 private:
  void take(const WatchBatch& batch) {
    EXPECT_GE(batch.revision, revision_);
    for (const EventPtr& event : batch.events) {
      EXPECT_GT(event->kv.mod_revision, revision_) << "an event at or below a revision already called complete";
      EXPECT_LE(event->kv.mod_revision, batch.revision);
      if (!events_.empty()) {
        EXPECT_GE(event->kv.mod_revision, events_.back()->kv.mod_revision);
      }
      events_.push_back(event);
    }
    revision_ = batch.revision;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<EventPtr> events_;
  Revision revision_ = 0;
  std::optional<Error> error_;
};

std::string reason_of(const auto& result) { return result.ok() ? "" : result.error().reason; }

}  // namespace

void StoreContract::SetUp() {
  fixture_ = GetParam().make();
  if (const std::string missing = fixture_->missing(); !missing.empty()) GTEST_SKIP() << missing;
  root_ = "/contract/" + random_suffix(8) + "/";
}

Revision StoreContract::put(const std::string& name, const std::string& value, LeaseId lease) {
  const auto response = store().txn(Txn::put(key(name), bytes(value), lease));
  EXPECT_TRUE(response.ok()) << response.error().message;
  return response.ok() ? response->revision : 0;
}
Revision StoreContract::remove(const std::string& name) {
  const auto response = store().txn(Txn::remove(key(name)));
  EXPECT_TRUE(response.ok()) << response.error().message;
  return response.ok() ? response->revision : 0;
}
std::string StoreContract::value(const std::string& name, Revision at) {
  const auto response = store().get(key(name), at);
  if (!response.ok()) return "<" + response.error().reason + ">";
  return response->kv ? *response->kv->value : "<none>";
}

TEST_P(StoreContract, RevisionsGrowWithEveryChangeOnly) {
  const Revision start = store().current_revision().value();
  EXPECT_EQ(put("a", "1"), start + 1);
  EXPECT_EQ(put("a", "2"), start + 2);
  EXPECT_EQ(remove("none"), start + 2);
  EXPECT_EQ(remove("a"), start + 3);
  EXPECT_EQ(store().current_revision().value(), start + 3);
}

TEST_P(StoreContract, KeyMetadataFollowsItsLife) {
  const Revision created = put("a", "1"), changed = put("a", "2");
  auto got = store().get(key("a")).value();
  ASSERT_TRUE(got.kv);
  EXPECT_EQ(got.revision, changed);
  EXPECT_EQ(got.kv->create_revision, created);
  EXPECT_EQ(got.kv->mod_revision, changed);
  EXPECT_EQ(got.kv->version, 2);
  remove("a");
  const Revision again = put("a", "3");
  got = store().get(key("a")).value();
  EXPECT_EQ(got.kv->create_revision, again);
  EXPECT_EQ(got.kv->version, 1);
}

TEST_P(StoreContract, GuardsDecide) {
  const auto created = store().txn(Txn::create(key("a"), bytes("1"))).value();
  EXPECT_TRUE(created.succeeded);
  const auto twice = store().txn(Txn::create(key("a"), bytes("other"))).value();
  EXPECT_FALSE(twice.succeeded);
  ASSERT_EQ(twice.values.size(), 1u);
  ASSERT_TRUE(twice.values[0]);
  EXPECT_EQ(*twice.values[0]->value, "1");
  EXPECT_EQ(twice.values[0]->mod_revision, created.revision);

  const auto updated = store().txn(Txn::update(key("a"), bytes("2"), created.revision)).value();
  EXPECT_TRUE(updated.succeeded);
  ASSERT_TRUE(updated.values.at(0));
  EXPECT_EQ(*updated.values[0]->value, "1");
  EXPECT_FALSE(store().txn(Txn::update(key("a"), bytes("3"), created.revision)).value().succeeded);
  EXPECT_FALSE(store().txn(Txn::remove(key("a"), created.revision)).value().succeeded);
  EXPECT_EQ(value("a"), "2");
  const auto removed = store().txn(Txn::remove(key("a"), updated.revision)).value();
  EXPECT_TRUE(removed.succeeded);
  EXPECT_EQ(*removed.values.at(0)->value, "2");
  const auto gone = store().txn(Txn::update(key("a"), bytes("4"), updated.revision)).value();
  EXPECT_FALSE(gone.succeeded);
  EXPECT_FALSE(gone.values.at(0));
}

TEST_P(StoreContract, SeveralOperationsShareOneRevisionOrDoNothing) {
  put("b", "old");
  Recorder recorder;
  const auto watch = store().watch({root_, 0}, recorder.handler()).value();
  Txn txn;
  txn.ops = {{Op::Kind::put, key("c"), bytes("1")}, {Op::Kind::remove, key("b"), nullptr}, {Op::Kind::put, key("a"), bytes("2")}};
  txn.guards = {{key("c"), 0}};
  const auto done = store().txn(txn).value();
  EXPECT_TRUE(done.succeeded);
  EXPECT_FALSE(store().txn(txn).value().succeeded);
  EXPECT_EQ(store().get(key("a")).value().kv->mod_revision, done.revision);
  ASSERT_TRUE(recorder.wait_for_events(3));
  const auto events = recorder.events();
  EXPECT_EQ(events[0]->kv.key, key("c"));
  EXPECT_EQ(events[1]->kv.key, key("b"));
  EXPECT_EQ(events[2]->kv.key, key("a"));
  for (const auto& event : events) EXPECT_EQ(event->kv.mod_revision, done.revision);
}

TEST_P(StoreContract, BadRequestsAreRefusedWhole) {
  Txn twice = Txn::put(key("a"), bytes("1"));
  twice.ops.push_back(twice.ops[0]);
  EXPECT_EQ(reason_of(store().txn(twice)), reason::bad_request);
  EXPECT_EQ(reason_of(store().txn(Txn::put("", bytes("1")))), reason::bad_request);
  EXPECT_EQ(reason_of(store().txn(Txn::put(key("a"), nullptr))), reason::bad_request);
  EXPECT_EQ(reason_of(store().txn(Txn::put(std::string(max_key_bytes + 1, 'k'), bytes("1")))), reason::bad_request);
  EXPECT_EQ(reason_of(store().txn(Txn::put(key("a"), bytes(std::string(max_value_bytes + 1, 'v'))))), reason::too_large);
  EXPECT_EQ(reason_of(store().txn(Txn::put(key("a"), bytes("1"), 987654321))), reason::lease_not_found);
  EXPECT_EQ(value("a"), "<none>");
}

TEST_P(StoreContract, ExactlyOneOfManyWritersWins) {
  constexpr int writers = 8, rounds = 20;
  Revision expected = put("hot", "start");
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> winners = 0;
    std::atomic<Revision> won = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < writers; ++i)
      threads.emplace_back([&, i] {
        const auto response = store().txn(Txn::update(key("hot"), bytes(std::to_string(i)), expected));
        if (response.ok() && response->succeeded) {
          ++winners;
          won = response->revision;
        }
      });
    for (auto& thread : threads) thread.join();
    ASSERT_EQ(winners, 1);
    expected = won;
  }
  EXPECT_EQ(store().get(key("hot")).value().kv->version, rounds + 1);
}

TEST_P(StoreContract, ReadsAtARevisionSeeThatRevision) {
  const Revision one = put("a", "1"), two = put("a", "2"), gone = remove("a"), three = put("a", "3");
  EXPECT_EQ(value("a", one - 1), "<none>");
  EXPECT_EQ(value("a", one), "1");
  EXPECT_EQ(value("a", two), "2");
  EXPECT_EQ(value("a", gone), "<none>");
  EXPECT_EQ(value("a", three), "3");
  EXPECT_EQ(value("a", three + 1000000), "<FutureRevision>");
}

TEST_P(StoreContract, ListPagesAreOneRevisionUnderConcurrentWrites) {
  for (int i = 0; i < 50; ++i) put("item/" + std::to_string(100 + i), "first");
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      put("item/" + std::to_string(100 + i % 70), "second");
      remove("item/" + std::to_string(100 + (i * 7) % 70));
    }
  });
  ListRequest request;
  request.prefix = key("item/");
  request.limit = 7;
  request.revision = store().current_revision().value();
  const auto whole = store().count(request.prefix, request.revision).value();
  std::vector<KeyValue> all;
  for (;;) {
    const auto page = store().list(request).value();
    all.insert(all.end(), page.kvs.begin(), page.kvs.end());
    EXPECT_EQ(static_cast<std::int64_t>(all.size()) + page.remaining, whole.count);
    if (!page.more) break;
    ASSERT_EQ(page.kvs.size(), 7u);
    request.start = all.back().key + '\0';
  }
  stop = true;
  writer.join();
  ASSERT_EQ(static_cast<std::int64_t>(all.size()), whole.count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_LE(all[i].mod_revision, request.revision);
    if (i) {
      EXPECT_LT(all[i - 1].key, all[i].key);
    }
  }
}

TEST_P(StoreContract, ListHonoursPrefixStartAndKeysOnly) {
  for (const char* name : {"a", "ab", "abc", "b"}) put(name, name);
  ListRequest request;
  request.prefix = key("a");
  auto response = store().list(request).value();
  ASSERT_EQ(response.kvs.size(), 3u);
  EXPECT_FALSE(response.more);
  request.start = key("a") + '\0';
  request.keys_only = true;
  response = store().list(request).value();
  ASSERT_EQ(response.kvs.size(), 2u);
  EXPECT_EQ(response.kvs[0].key, key("ab"));
  EXPECT_FALSE(response.kvs[0].value);
  EXPECT_EQ(store().count(key("a")).value().count, 3);
  EXPECT_EQ(store().count(key("zzz")).value().count, 0);
  EXPECT_GE(store().count("").value().count, 4);
}

TEST_P(StoreContract, BinaryAndLongKeysKeepTheirOrder) {
  std::vector<std::string> names = {std::string("\0", 1), std::string("\0\xff", 2), "\x7f", "\x80", "\xff", "\xff\xff"};
  for (const char* tail : {"", "a", "b", "bb"}) names.push_back("m" + std::string(600, 'x') + tail);
  names.push_back("m" + std::string(510 - root_.size() - 1, 'x'));
  names.push_back("m" + std::string(511 - root_.size() - 1, 'x'));
  for (const auto& name : names) put(name, name);
  std::sort(names.begin(), names.end());
  ListRequest request;
  request.prefix = root_;
  auto response = store().list(request).value();
  ASSERT_EQ(response.kvs.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(*response.kvs[i].value, names[i]);
  const std::string middle = "m" + std::string(600, 'x') + "a";
  remove(middle);
  EXPECT_EQ(value(middle), "<none>");
  EXPECT_EQ(store().count(key("m" + std::string(600, 'x'))).value().count, 3);
}

TEST_P(StoreContract, BigValuesComeBackWhole) {
  std::string big(1'500'000, '\0');
  Random random(1);
  for (char& c : big) c = static_cast<char>(random.next());
  Recorder recorder;
  const auto watch = store().watch({root_, 0}, recorder.handler()).value();
  put("big", big);
  put("empty", "");
  EXPECT_EQ(value("big"), big);
  EXPECT_EQ(value("empty"), "");
  ASSERT_TRUE(recorder.wait_for_events(2));
  EXPECT_EQ(*recorder.events()[0]->kv.value, big);
}

TEST_P(StoreContract, WatchTellsWhatChangedAndWhatWasThere) {
  Recorder recorder;
  const auto watch = store().watch({root_, 0}, recorder.handler()).value();
  const Revision one = put("a", "1"), two = put("a", "2"), gone = remove("a");
  ASSERT_TRUE(recorder.wait_for_events(3));
  const auto events = recorder.events();
  EXPECT_EQ(events[0]->kv.mod_revision, one);
  EXPECT_FALSE(events[0]->previous);
  EXPECT_EQ(events[1]->kv.mod_revision, two);
  EXPECT_EQ(*events[1]->kv.value, "2");
  ASSERT_TRUE(events[1]->previous);
  EXPECT_EQ(*events[1]->previous->value, "1");
  EXPECT_EQ(events[2]->kind, Event::Kind::remove);
  EXPECT_EQ(events[2]->kv.mod_revision, gone);
  EXPECT_EQ(*events[2]->previous->value, "2");
}

TEST_P(StoreContract, WatchFromThePastJoinsThePresentWithoutGapOrRepeat) {
  const Revision start = put("seed", "0");
  constexpr int writers = 4, each = 100, watchers = 20;
  std::atomic<int> written = 0;
  std::vector<std::thread> threads;
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      for (int i = 0; i < each; ++i, ++written) put(std::to_string(w) + "/" + std::to_string(i % 10), std::to_string(i));
    });
  std::vector<std::unique_ptr<Recorder>> recorders;
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < watchers; ++i) {
    while (written < i * writers * each / watchers) std::this_thread::yield();
    recorders.push_back(std::make_unique<Recorder>());
    watches.push_back(store().watch({root_, start}, recorders.back()->handler()).value());
  }
  for (auto& thread : threads) thread.join();
  for (const auto& recorder : recorders) {
    ASSERT_TRUE(recorder->wait_for_events(1 + writers * each));
    std::set<Revision> revisions;
    std::map<std::string, int> last;
    for (const auto& event : recorder->events()) {
      EXPECT_TRUE(revisions.insert(event->kv.mod_revision).second);
      if (event->kv.key == key("seed")) continue;
      const int number = std::stoi(*event->kv.value);
      EXPECT_TRUE(!last.contains(event->kv.key) || last[event->kv.key] == number - 10);
      last[event->kv.key] = number;
    }
    EXPECT_EQ(revisions.size(), 1u + writers * each);
  }
}

TEST_P(StoreContract, ManyWatchersSeeOnlyTheirPrefix) {
  constexpr int count = 200;
  std::vector<Recorder> recorders(count);
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < count; ++i) watches.push_back(store().watch({key(std::to_string(i) + "/"), 0}, recorders[i].handler()).value());
  for (int i = 0; i < count; ++i) put(std::to_string(i) + "/x", std::to_string(i));
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(recorders[i].wait_for_events(1)) << i;
    EXPECT_EQ(*recorders[i].events()[0]->kv.value, std::to_string(i));
  }
  watches.clear();
  for (int i = 0; i < count; ++i) EXPECT_EQ(recorders[i].events().size(), 1u);
}

TEST_P(StoreContract, WatchInTheFutureWaitsForIt) {
  const Revision now = put("a", "1");
  Recorder recorder;
  const auto watch = store().watch({root_, now + 3}, recorder.handler()).value();
  for (int i = 0; i < 4; ++i) put("a", std::to_string(i));
  ASSERT_TRUE(recorder.wait_for_events(2));
  EXPECT_EQ(recorder.events()[0]->kv.mod_revision, now + 3);
}

TEST_P(StoreContract, DestroyedWatchIsSilent) {
  Recorder recorder;
  auto watch = store().watch({root_, 0}, recorder.handler()).value();
  put("a", "1");
  ASSERT_TRUE(recorder.wait_for_events(1));
  watch.reset();
  put("a", "2");
  Recorder later;
  const auto other = store().watch({root_, 0}, later.handler()).value();
  put("a", "3");
  ASSERT_TRUE(later.wait_for_events(1));
  EXPECT_EQ(recorder.events().size(), 1u);
}

TEST_P(StoreContract, ProgressCoversOtherPrefixes) {
  Recorder recorder;
  const auto watch = store().watch({key("quiet/"), 0}, recorder.handler()).value();
  const Revision elsewhere = put("loud/a", "1");
  const Status asked = watch->request_progress();
  if (!asked.ok() && asked.error().code == Code::unsupported) GTEST_SKIP() << asked.error().message;
  ASSERT_TRUE(asked.ok()) << asked.error().message;
  EXPECT_TRUE(recorder.wait_for_revision(elsewhere));
  EXPECT_TRUE(recorder.events().empty());
}

TEST_P(StoreContract, CompactionForgetsThePastOnly) {
  const Revision one = put("a", "1"), gone = remove("b"), two = put("a", "2");
  put("b", "x");
  const Revision removed = remove("b"), three = put("a", "3");
  (void)gone;
  ASSERT_TRUE(store().compact(removed).ok());
  EXPECT_EQ(value("a", one), "<Compacted>");
  EXPECT_EQ(value("a", removed), "2");
  EXPECT_EQ(value("b", removed), "<none>");
  EXPECT_EQ(value("a"), "3");
  EXPECT_EQ(reason_of(store().compact(removed)), reason::compacted);
  EXPECT_EQ(reason_of(store().compact(three + 1000000)), reason::future_revision);

  Recorder late;
  const auto expired = store().watch({root_, two}, late.handler()).value();
  ASSERT_TRUE(late.wait_for_error());
  EXPECT_EQ(late.error()->code, Code::expired);
  EXPECT_EQ(late.error()->reason, reason::compacted);
  Recorder recorder;
  const auto watch = store().watch({root_, removed + 1}, recorder.handler()).value();
  ASSERT_TRUE(recorder.wait_for_events(1));
  EXPECT_EQ(*recorder.events()[0]->kv.value, "3");
}

TEST_P(StoreContract, RevokedLeaseTakesItsKeysAlong) {
  const LeaseId lease = store().lease_grant(60s).value(), other = store().lease_grant(60s).value();
  put("a", "1", lease);
  put("b", "1", lease);
  put("b", "2", other);
  put("c", "1", lease);
  put("c", "2");
  EXPECT_EQ(store().get(key("a")).value().kv->lease, lease);
  Recorder recorder;
  const auto watch = store().watch({root_, 0}, recorder.handler()).value();
  ASSERT_TRUE(store().lease_keepalive(lease).ok());
  ASSERT_TRUE(store().lease_revoke(lease).ok());
  ASSERT_TRUE(recorder.wait_for_events(1));
  EXPECT_EQ(recorder.events()[0]->kind, Event::Kind::remove);
  EXPECT_EQ(recorder.events()[0]->kv.key, key("a"));
  EXPECT_EQ(value("b"), "2");
  EXPECT_EQ(value("c"), "2");
  EXPECT_EQ(reason_of(store().lease_keepalive(lease)), reason::lease_not_found);
  EXPECT_EQ(reason_of(store().lease_revoke(lease)), reason::lease_not_found);
}

TEST_P(StoreContract, LeaseEndsUnlessKeptAlive) {
  if (!fixture_->expires_leases_at_will()) GTEST_SKIP() << "needs a store whose clock the test moves";
  const LeaseId kept = store().lease_grant(10s).value(), left = store().lease_grant(10s).value();
  put("kept", "1", kept);
  put("left", "1", left);
  Recorder recorder;
  const auto watch = store().watch({root_, 0}, recorder.handler()).value();
  fixture_->advance(9s);
  EXPECT_EQ(store().lease_keepalive(kept).value(), 10s);
  EXPECT_EQ(value("left"), "1");
  fixture_->advance(2s);
  ASSERT_TRUE(recorder.wait_for_events(1));
  EXPECT_EQ(recorder.events()[0]->kv.key, key("left"));
  EXPECT_EQ(value("kept"), "1");
  fixture_->advance(9s);
  ASSERT_TRUE(recorder.wait_for_events(2));
  EXPECT_EQ(value("kept"), "<none>");
}

TEST_P(StoreContract, CallbackWritesAllComplete) {
  constexpr int count = 500;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<Revision> revisions;
  int done = 0;
  for (int i = 0; i < count; ++i)
    store().txn(Txn::create(key(std::to_string(i)), bytes("v")), [&](Result<TxnResponse> response) {
      std::lock_guard lock(mutex);
      ++done;
      if (response.ok()) revisions.insert(response->revision);
      changed.notify_one();
    });
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, patience, [&] { return done == count; }));
  EXPECT_EQ(revisions.size(), static_cast<std::size_t>(count));
}

TEST_P(StoreContract, ClosesWhileBusy) {
  std::atomic<int> accepted = 0, completed = 0;
  Recorder recorder;
  const auto watch = store().watch({root_, 0}, recorder.handler()).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0;; ++i) {
        ++accepted;
        const auto response = store().txn(Txn::put(key(std::to_string(t) + "/" + std::to_string(i)), bytes("v")));
        ++completed;
        if (!response.ok()) return;
      }
    });
  ASSERT_TRUE(recorder.wait_for_events(20));
  store().close();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(accepted, completed);
  ASSERT_TRUE(recorder.wait_for_error());
  EXPECT_EQ(recorder.error()->reason, reason::closed);
  EXPECT_EQ(reason_of(store().get(key("a"))), reason::closed);
  EXPECT_FALSE(store().health().ok());
  store().close();
}

TEST_P(StoreContract, TellsItsStateAndHealth) {
  const Revision revision = put("a", "1");
  EXPECT_TRUE(store().health().ok());
  const auto status = store().status().value();
  EXPECT_GE(status.revision, revision);
  EXPECT_GT(status.size_bytes, 0);
  EXPECT_FALSE(status.version.empty());
}

}  // namespace plumb::store
