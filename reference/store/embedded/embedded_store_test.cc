#include "reference/store/embedded/embedded_store.h"

#include <gtest/gtest.h>
#include <lmdb.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "harness/base/random.h"
#include "reference/store/contract/store_contract.h"

namespace plumb::store {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class TempDir {
 public:
  TempDir() : path_(fs::temp_directory_path() / ("plumb-store-" + random_suffix(10))) { fs::create_directories(path_); }
  ~TempDir() { fs::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

class EmbeddedFixture final : public StoreFixture {
 public:
  EmbeddedFixture() : store_(EmbeddedStore::open({.dir = dir_.file("s"), .map_bytes = 256 << 10}, clock_).value()) {}
  Store& store() override { return *store_; }
  bool expires_leases_at_will() const override { return true; }
  void advance(std::chrono::seconds by) override { clock_.advance(by); }

 private:
  TempDir dir_;
  VirtualClock clock_;
  std::unique_ptr<EmbeddedStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Embedded, StoreContract, testing::Values(StoreFactory{"embedded", [] { return std::make_unique<EmbeddedFixture>(); }}),
                         [](const auto& info) { return info.param.name; });

class Embedded : public testing::Test {
 protected:
  Result<std::unique_ptr<EmbeddedStore>> open(const std::string& name = "s") { return EmbeddedStore::open({.dir = dir_.file(name)}, clock_); }
  void write_file(const std::string& name, const std::string& content) {
    fs::create_directories(fs::path(dir_.file(name)).parent_path());
    std::ofstream(dir_.file(name), std::ios::binary) << content;
  }
  Revision put(Store& store, const std::string& key, const std::string& value, LeaseId lease = 0) {
    return store.txn(Txn::put(key, bytes(value), lease)).value().revision;
  }

  TempDir dir_;
  VirtualClock clock_;
};

TEST_F(Embedded, ReopensWithEverything) {
  Revision first, last;
  LeaseId lease;
  {
    const auto store = open().value();
    first = put(*store, "/a", "1");
    lease = store->lease_grant(10s).value();
    last = put(*store, "/a", "2", lease);
  }
  const auto store = open().value();
  EXPECT_EQ(store->current_revision().value(), last);
  EXPECT_EQ(*store->get("/a", first).value().kv->value, "1");
  EXPECT_EQ(store->lease_keepalive(lease).value(), 10s);
  EXPECT_NE(store->lease_grant(10s).value(), lease);
  clock_.advance(11s);
  while (store->get("/a").value().kv) std::this_thread::yield();
}

TEST_F(Embedded, RefusesASecondOwner) {
  const auto store = open().value();
  EXPECT_EQ(open().error().reason, reason::locked);
}

TEST_F(Embedded, RefusesForeignAndDamagedFiles) {
  write_file("text/data.mdb", std::string(20000, 'x'));
  EXPECT_EQ(open("text").error().reason, reason::damaged);
  write_file("short/data.mdb", "x");
  EXPECT_EQ(open("short").error().reason, reason::damaged);

  fs::create_directories(dir_.file("foreign"));
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi dbi;
  mdb_env_create(&env);
  mdb_env_set_maxdbs(env, 2);
  ASSERT_EQ(mdb_env_open(env, dir_.file("foreign").c_str(), 0, 0600), 0);
  ASSERT_EQ(mdb_txn_begin(env, nullptr, 0, &txn), 0);
  ASSERT_EQ(mdb_dbi_open(txn, "theirs", MDB_CREATE, &dbi), 0);
  ASSERT_EQ(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
  EXPECT_EQ(open("foreign").error().reason, reason::damaged);

  {
    const auto store = open("cut").value();
    for (int i = 0; i < 500; ++i) put(*store, "/" + std::to_string(i), std::string(1000, 'v'));
  }
  fs::resize_file(dir_.file("cut/data.mdb"), 300'000);
  EXPECT_EQ(open("cut").error().reason, reason::damaged);
}

TEST_F(Embedded, CompactionFreesSpaceForReuse) {
  const auto store = open().value();
  const auto churn = [&] {
    for (int i = 0; i < 3000; ++i) store->txn(Txn::put("/k" + std::to_string(i % 10), bytes(std::string(2000, 'v'))), [](auto) {});
    const Revision now = put(*store, "/end", "x");
    EXPECT_TRUE(store->compact(now).ok());
    while (store->status()->in_use_bytes > 2'000'000) std::this_thread::yield();
  };
  churn();
  const auto size = store->status()->size_bytes;
  for (int i = 0; i < 3; ++i) churn();
  EXPECT_LT(store->status()->size_bytes, size * 2);
  EXPECT_EQ(store->count("").value().count, 11);
}

TEST_F(Embedded, CompactionForgetsRemovedKeys) {
  const auto store = open().value();
  for (int i = 0; i < 2000; ++i) store->txn(Txn::put("/k" + std::to_string(i), bytes("v")), [](auto) {});
  for (int i = 0; i < 2000; ++i) store->txn(Txn::remove("/k" + std::to_string(i)), [](auto) {});
  const Revision now = put(*store, "/end", "x");
  ASSERT_TRUE(store->compact(now).ok());
  while (store->status()->in_use_bytes > 100'000) std::this_thread::yield();
  EXPECT_EQ(store->count("").value().count, 1);
}

TEST_F(Embedded, SlowWatcherDelaysNobodyAndMissesNothing) {
  const auto store = open().value();
  std::mutex gate;
  std::atomic<int> seen = 0;
  gate.lock();
  const auto watch = store->watch({"", 0}, [&](Result<WatchBatch> batch) {
    std::lock_guard wait(gate);
    if (batch.ok()) seen += static_cast<int>(batch->events.size());
  }).value();
  constexpr int count = 40000;  // more than may wait in memory
  for (int i = 0; i < count / 100; ++i) {
    Txn txn;
    for (int k = 0; k < 100; ++k) txn.ops.push_back({Op::Kind::put, "/" + std::to_string(k), bytes("v")});
    ASSERT_TRUE(store->txn(std::move(txn)).value().succeeded);
  }
  gate.unlock();
  while (seen < count) std::this_thread::yield();
  EXPECT_EQ(seen, count);
}

TEST_F(Embedded, FullQueueRefusesWithoutBlocking) {
  const auto store = EmbeddedStore::open({.dir = dir_.file("s"), .queue_capacity = 1}, clock_).value();
  std::atomic<int> refused = 0, done = 0;
  for (int i = 0; i < 1000; ++i)
    store->txn(Txn::put("/k", bytes("v")), [&](Result<TxnResponse> r) {
      refused += !r.ok() && r.error().code == Code::resource_exhausted;
      ++done;
    });
  store->close();
  EXPECT_EQ(done, 1000);
  EXPECT_GT(refused, 0);
  EXPECT_LT(refused, 1000);
}

TEST_F(Embedded, SnapshotCarriesEverythingAndTellsDamage) {
  Revision first, last;
  const std::string file = dir_.file("snap");
  {
    const auto store = open().value();
    first = put(*store, "/a", "1");
    last = put(*store, "/a", "2");
    put(*store, "/b", "3");
    last = store->txn(Txn::remove("/b")).value().revision;
    ASSERT_TRUE(store->snapshot_save(file).ok());
    put(*store, "/after", "x");
  }
  const auto status = snapshot_status(file).value();
  EXPECT_EQ(status.revision, last);
  EXPECT_EQ(status.keys, 1);
  EXPECT_EQ(status.size_bytes, static_cast<std::int64_t>(fs::file_size(file)));
  EXPECT_EQ(status.hash.size(), 64u);
  ASSERT_TRUE(snapshot_restore(file, dir_.file("restored")).ok());
  EXPECT_EQ(snapshot_restore(file, dir_.file("restored")).error().code, Code::already_exists);
  const auto store = open("restored").value();
  EXPECT_EQ(store->current_revision().value(), last);
  EXPECT_EQ(*store->get("/a", first).value().kv->value, "1");
  EXPECT_FALSE(store->get("/after").value().kv);
  EXPECT_EQ(put(*store, "/c", "4"), last + 1);

  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(5000).put('!');
  EXPECT_EQ(snapshot_status(file).error().reason, reason::damaged);
  EXPECT_EQ(snapshot_restore(file, dir_.file("other")).error().reason, reason::damaged);
  EXPECT_FALSE(fs::exists(dir_.file("other/data.mdb")));
}

}  // namespace
}  // namespace plumb::store
