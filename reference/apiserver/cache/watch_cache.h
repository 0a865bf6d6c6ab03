// The watch cache: the present state of every stored resource in memory, kept up to date by one watch on the store, in the store's order.
// All reads of the API come from here; writes are seen here before they are acknowledged.
//
// Events of own writes carry the object that was encoded for the store, so nothing is decoded again; others are decoded.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/worker_pool.h"
#include "reference/apiserver/cache/resource_cache.h"
#include "reference/store/store.h"

namespace plumb::apiserver {

// "/registry/pods/", and with upstream's historical names "/registry/minions/" for nodes.
std::string storage_prefix(const resources::Resource& resource);
// A value of the store as an object of the version that is stored; values in another served version (an upstream API server wrote them)
// are converted.
Result<std::shared_ptr<api::Object>> decode_stored(const resources::Resource& resource, std::string_view bytes);

class WatchCache {
 public:
  struct Options {
    // True when asking the store for its revision costs a round trip: then one question serves all that wait, on a thread of its own.
    bool remote_store = false;
    Duration bookmark_interval = std::chrono::seconds(60);
  };

  // Loads everything. `store` and `clock` must outlive the cache.
  static Result<std::unique_ptr<WatchCache>> start(store::Store& store, Clock& clock, const std::vector<const resources::Resource*>& resources,
                                                   Options options);
  // Ends all watches.
  ~WatchCache();

  // nullptr when the resource is not stored.
  ResourceCache* find(const resources::Resource& resource) const;
  const std::vector<std::shared_ptr<ResourceCache>>& all() const { return caches_; }
  // Everything up to it was applied.
  Revision revision() const { return reached_.load(std::memory_order_acquire); }

  // Calls `then` as soon as everything up to the revision was applied: at once, on this thread, when it was already. With an error when
  // the cache stops first.
  using Then = std::function<void(Status)>;
  void when_at(Revision revision, Then then);
  // The same for every write that was acknowledged before the call.
  void when_fresh(Then then);

  // An own write on its way: the event with exactly these bytes is about this object, which nobody else may use from here on.
  // `published` is what the cache made of it, once the write's revision is reached; it stays empty when the event came from elsewhere.
  struct OwnWrite {
    std::shared_ptr<api::Object> object;
    CachedPtr published;
  };
  void expect(const Bytes& bytes, std::shared_ptr<OwnWrite> write);
  // Ends the expectation: the write failed, or its revision is reached.
  void forget(const Bytes& bytes);

  // False while the cache is being rebuilt.
  bool ready() const { return ready_.load(); }

 private:
  struct Key {
    ResourceCache* cache;
    std::string_view rest;  // "namespace/name"
  };
  WatchCache(store::Store& store, Clock& clock, Options options);
  Status load();
  Status begin_watch(Revision after);
  void on_batch(Result<store::WatchBatch> batch);
  void apply(const store::Event& event);
  std::optional<Key> locate(std::string_view key) const;
  CachedPtr decode(const Key& key, const store::KeyValue& kv);
  void advance(Revision revision);
  void fail_waiters();
  void rebuild();
  void schedule_bookmarks();
  void ask_revision();

  store::Store& store_;
  Clock& clock_;
  const Options options_;
  std::vector<std::shared_ptr<ResourceCache>> caches_;
  std::unordered_map<std::string, ResourceCache*> by_prefix_;
  std::unordered_map<const resources::Resource*, ResourceCache*> by_resource_;
  std::atomic<Revision> reached_{0};
  std::atomic<bool> ready_{false}, stopping_{false};

  std::mutex waiters_mutex_;
  std::multimap<Revision, Then> waiters_;
  std::atomic<std::size_t> waiting_{0};

  std::mutex fresh_mutex_;
  std::vector<Then> fresh_waiters_;  // bounded by the requests in flight
  bool asking_ = false;
  std::size_t awaited_ = 0;  // so many waiters are worth a question at once; 0: nobody gathers
  std::condition_variable gathered_;

  std::mutex expected_mutex_;
  std::unordered_map<const std::string*, std::shared_ptr<OwnWrite>> expected_;

  std::mutex watch_mutex_;
  std::unique_ptr<store::Watch> watch_;
  std::mutex timer_mutex_;
  Clock::TimerId bookmark_timer_ = 0, rebuild_timer_ = 0;
  WorkerPool workers_;  // questions to a remote store, rebuilding
};

}  // namespace plumb::apiserver
