#include "reference/apiserver/cache/watch_cache.h"

#include <thread>

#include "harness/base/log.h"
#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view root = "/registry/";
constexpr std::size_t load_page = 1'000;
constexpr Duration rebuild_pause = std::chrono::seconds(1);
constexpr Duration gathering = std::chrono::milliseconds(1);
constexpr std::size_t gathering_from = 3;

Result<std::shared_ptr<api::Object>> decode_stored_json(const resources::Resource& resource, std::string_view json) {
  const api::TypeMeta meta = PLUMB_TRY(api::peek_type_meta(json));
  const api::TypeInfo* type = api::find_type(meta.api_version, meta.kind);
  return api::decode_json(type && type->is_object ? *type : resource.type(), json);
}

}  // namespace

std::string storage_prefix(const resources::Resource& resource) { return std::string(root).append(resource.stored().storage_prefix()).append("/"); }

Result<std::shared_ptr<api::Object>> decode_stored(const resources::Resource& resource, std::string_view bytes) {
  auto object = PLUMB_TRY(bytes.starts_with(api::protobuf_magic) ? api::decode_protobuf(bytes) : decode_stored_json(resource, bytes));
  if (&object->type() == &resource.type()) return object;
  const resources::Resource* version = resources::find_by_type(object->type());
  if (version && version->stored_as() == &resource) return version->to_stored(*object);
  return fail(Code::invalid_argument, "it is of another type: " + api::api_version(object->type()) + " " + std::string(object->type().name));
}

WatchCache::WatchCache(store::Store& store, Clock& clock, Options options) : store_(store), clock_(clock), options_(options), workers_(1, 4) {}

Result<std::unique_ptr<WatchCache>> WatchCache::start(store::Store& store, Clock& clock, const std::vector<const resources::Resource*>& resources,
                                                      Options options) {
  std::unique_ptr<WatchCache> cache(new WatchCache(store, clock, options));
  for (const resources::Resource* resource : resources) {
    if (resource->is_virtual() || resource->stored_as()) continue;
    auto made = std::make_shared<ResourceCache>(*resource, clock, cache->reached_);
    const auto [at, fresh] = cache->by_prefix_.emplace(storage_prefix(*resource), made.get());
    if (!fresh) return fail(Code::invalid_argument, "two resources are stored under " + at->first + ": let one name the other in stored_as()");
    cache->by_resource_.emplace(resource, made.get());
    cache->caches_.push_back(std::move(made));
  }
  for (const resources::Resource* resource : resources)
    if (const auto stored = cache->by_resource_.find(resource->stored_as()); stored != cache->by_resource_.end())
      cache->by_resource_.emplace(resource, stored->second);
  PLUMB_TRY(cache->load());
  cache->schedule_bookmarks();
  return cache;
}

WatchCache::~WatchCache() {
  stopping_ = true;
  {
    const std::lock_guard lock(timer_mutex_);
    clock_.cancel(bookmark_timer_);
    clock_.cancel(rebuild_timer_);
  }
  workers_.stop();
  {
    const std::lock_guard lock(watch_mutex_);
    watch_.reset();
  }
  fail_waiters();
  for (const auto& cache : caches_) cache->end_watchers(std::nullopt);
}

ResourceCache* WatchCache::find(const resources::Resource& resource) const {
  const auto found = by_resource_.find(&resource);
  return found == by_resource_.end() ? nullptr : found->second;
}

std::optional<WatchCache::Key> WatchCache::locate(std::string_view key) const {
  std::size_t slash = root.size() - 1;
  for (int depth = 0; depth < 2; ++depth) {
    slash = key.find('/', slash + 1);
    if (slash == std::string_view::npos) return std::nullopt;
    const auto found = by_prefix_.find(std::string(key.substr(0, slash + 1)));
    if (found != by_prefix_.end()) return Key{found->second, key.substr(slash + 1)};
  }
  return std::nullopt;
}

CachedPtr WatchCache::decode(const Key& key, const store::KeyValue& kv) {
  std::shared_ptr<OwnWrite> own;
  {
    const std::lock_guard lock(expected_mutex_);
    const auto found = expected_.find(kv.value.get());
    if (found != expected_.end()) {
      own = std::move(found->second);
      expected_.erase(found);
    }
  }
  std::shared_ptr<api::Object> object = own ? std::move(own->object) : nullptr;
  if (!object) {
    auto decoded = decode_stored(key.cache->resource(), *kv.value);
    if (!decoded.ok()) {
      log::error("apiserver", "cannot read " + kv.key + " from the store, leaving it out: " + decoded.error().message);
      return nullptr;
    }
    object = std::move(*decoded);
  }
  object->metadata.resourceVersion = std::to_string(kv.mod_revision);
  auto made = std::make_shared<const CachedObject>(key.rest, std::move(object), kv.mod_revision);
  if (own) own->published = made;
  return made;
}

Status WatchCache::load() {
  std::unordered_map<ResourceCache*, std::shared_ptr<Snapshot>> states;
  for (const auto& cache : caches_) states.emplace(cache.get(), std::make_shared<Snapshot>());
  store::ListRequest request;
  request.prefix = root;
  request.limit = load_page;
  request.count_rest = false;
  for (bool more = true; more;) {
    store::ListResponse page = PLUMB_TRY(store_.list(request));
    for (const store::KeyValue& kv : page.kvs) {
      const auto key = locate(kv.key);
      if (!key) continue;
      if (CachedPtr object = decode(*key, kv)) states[key->cache]->put(std::move(object));
    }
    request.revision = page.revision;
    more = page.more && !page.kvs.empty();
    if (more) request.start = page.kvs.back().key + '\0';
  }
  for (const auto& cache : caches_) cache->reset(states[cache.get()], request.revision);
  advance(request.revision);
  PLUMB_TRY(begin_watch(request.revision));
  ready_ = true;
  return {};
}

Status WatchCache::begin_watch(Revision after) {
  store::WatchRequest request;
  request.prefix = root;
  request.start_revision = after + 1;
  auto watch = PLUMB_TRY(store_.watch(std::move(request), [this](Result<store::WatchBatch> batch) { on_batch(std::move(batch)); }));
  const std::lock_guard lock(watch_mutex_);
  watch_ = std::move(watch);
  return {};
}

void WatchCache::on_batch(Result<store::WatchBatch> batch) {
  if (!batch.ok()) {
    ready_ = false;
    if (stopping_ || batch.error().reason == store::reason::closed) return fail_waiters();
    log::warning("apiserver", "the watch on the store ended, the watch cache is rebuilt: " + batch.error().message);
    workers_.try_post([this] { rebuild(); });
    return;
  }
  for (const store::EventPtr& event : batch->events) apply(*event);
  advance(batch->revision);
}

void WatchCache::apply(const store::Event& event) {
  const auto key = locate(event.kv.key);
  if (!key) return;
  if (event.kind == store::Event::Kind::remove) return key->cache->apply_remove(key->rest, event.kv.mod_revision);
  if (CachedPtr object = decode(*key, event.kv)) key->cache->apply_put(std::move(object));
}

void WatchCache::rebuild() {
  if (stopping_) return;
  const Status done = load();
  if (done.ok()) return;
  log::error("apiserver", "cannot rebuild the watch cache, trying again: " + done.error().message);
  const std::lock_guard lock(timer_mutex_);
  if (!stopping_) rebuild_timer_ = clock_.after(rebuild_pause, [this] { workers_.try_post([this] { rebuild(); }); });
}

void WatchCache::advance(Revision revision) {
  if (revision > reached_.load(std::memory_order_relaxed)) reached_.store(revision, std::memory_order_seq_cst);
  if (waiting_.load(std::memory_order_seq_cst) == 0) return;
  std::vector<Then> due;
  {
    const std::lock_guard lock(waiters_mutex_);
    const auto end = waiters_.upper_bound(reached_.load());
    for (auto at = waiters_.begin(); at != end; ++at) due.push_back(std::move(at->second));
    waiters_.erase(waiters_.begin(), end);
    waiting_ = waiters_.size();
  }
  for (const Then& then : due) then({});
}

void WatchCache::fail_waiters() {
  std::multimap<Revision, Then> left;
  {
    const std::lock_guard lock(waiters_mutex_);
    left.swap(waiters_);
    waiting_ = 0;
  }
  std::vector<Then> fresh;
  {
    const std::lock_guard lock(fresh_mutex_);
    fresh.swap(fresh_waiters_);
  }
  const Error stopped = fail(Code::unavailable, "the API server stops");
  for (const auto& [revision, then] : left) then(stopped);
  for (const Then& then : fresh) then(stopped);
}

void WatchCache::when_at(Revision revision, Then then) {
  if (reached_.load(std::memory_order_seq_cst) >= revision) return then({});
  {
    const std::lock_guard lock(waiters_mutex_);
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    if (reached_.load(std::memory_order_seq_cst) < revision) {
      waiters_.emplace(revision, std::move(then));
      return;
    }
    waiting_.fetch_sub(1);
  }
  then({});
}

void WatchCache::when_fresh(Then then) {
  if (!options_.remote_store) {
    const Result<Revision> now = store_.current_revision();
    if (!now.ok()) return then(now.error());
    return when_at(*now, std::move(then));
  }
  const std::lock_guard lock(fresh_mutex_);
  fresh_waiters_.push_back(std::move(then));
  if (awaited_ && fresh_waiters_.size() >= awaited_) gathered_.notify_one();
  if (asking_) return;
  asking_ = workers_.try_post([this] { ask_revision(); });
}

void WatchCache::ask_revision() {
  for (std::size_t last = 0;;) {
    std::vector<Then> waiting;
    {
      std::unique_lock lock(fresh_mutex_);
      // Those whom the last answer served are about to ask again: a question to the store costs more than the answers that share it.
      if (last >= gathering_from) {
        awaited_ = last;
        gathered_.wait_for(lock, gathering, [&] { return fresh_waiters_.size() >= last; });
        awaited_ = 0;
      }
      if (fresh_waiters_.empty()) {
        asking_ = false;
        return;
      }
      waiting.swap(fresh_waiters_);
      last = waiting.size();
    }
    const Result<Revision> now = store_.current_revision();
    if (now.ok()) {
      const std::lock_guard lock(watch_mutex_);
      if (watch_ && *now > revision()) (void)watch_->request_progress().ok();
    }
    for (Then& then : waiting) now.ok() ? when_at(*now, std::move(then)) : then(now.error());
  }
}

void WatchCache::expect(const Bytes& bytes, std::shared_ptr<OwnWrite> write) {
  const std::lock_guard lock(expected_mutex_);
  expected_.emplace(bytes.get(), std::move(write));
}

void WatchCache::forget(const Bytes& bytes) {
  const std::lock_guard lock(expected_mutex_);
  expected_.erase(bytes.get());
}

void WatchCache::schedule_bookmarks() {
  const std::lock_guard lock(timer_mutex_);
  if (stopping_) return;
  bookmark_timer_ = clock_.after(options_.bookmark_interval, [this] {
    if (stopping_) return;
    for (const auto& cache : caches_) cache->send_bookmarks();
    schedule_bookmarks();
  });
}

}  // namespace plumb::apiserver
