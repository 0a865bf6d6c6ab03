#include "reference/store/embedded/embedded_store.h"

#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <thread>

#include "harness/base/log.h"
#include "reference/store/embedded/environment.h"
#include "reference/store/embedded/leases.h"
#include "reference/store/embedded/snapshot.h"
#include "reference/store/embedded/store_metrics.h"
#include "reference/store/embedded/watch_hub.h"
#include "reference/store/embedded/writer.h"

namespace plumb::store {
namespace embedded {
namespace {

constexpr std::size_t max_batch = 1024;
constexpr std::size_t max_batch_bytes = std::size_t{16} << 20;
constexpr std::size_t sweep_records = 512;  // per commit, so that compaction never holds writes up for long

// One request to the commit thread. apply() may run again, on a new transaction; finish() runs once, after the commit.
struct Work {
  virtual ~Work() = default;
  virtual void apply(Writer& writer) = 0;
  virtual void finish(const Status& committed) = 0;
  virtual std::size_t size() const { return 0; }
};

class TxnWork final : public Work {
 public:
  TxnWork(Txn txn, TxnCallback done) : txn_(std::move(txn)), done_(std::move(done)) {}
  void apply(Writer& writer) override { result_ = writer.apply(txn_); }
  void finish(const Status& committed) override { done_(committed.ok() ? std::move(result_) : Result<TxnResponse>(committed.error())); }
  std::size_t size() const override {
    std::size_t total = 0;
    for (const Op& op : txn_.ops) total += op.value ? op.value->size() : 0;
    return total;
  }

 private:
  Txn txn_;
  TxnCallback done_;
  Result<TxnResponse> result_ = TxnResponse{};
};

// Any other change, waited for by its caller.
class CallWork final : public Work {
 public:
  using Apply = std::function<Status(Writer&)>;
  using Done = std::function<void(const Status&)>;
  CallWork(Apply apply, Done done) : apply_(std::move(apply)), done_(std::move(done)) {}
  void apply(Writer& writer) override { result_ = apply_(writer); }
  void finish(const Status& committed) override { done_(committed.ok() ? result_ : committed); }

 private:
  Apply apply_;
  Done done_;
  Status result_;
};

class Embedded final : public EmbeddedStore {
 public:
  Embedded(EmbeddedOptions options, Clock& clock, std::unique_ptr<Environment> env)
      : options_(std::move(options)), clock_(clock), env_(std::move(env)), leases_(clock, [this](std::vector<LeaseId> ended) { expire(std::move(ended)); }) {}
  ~Embedded() override { close(); }

  Status start();

  using Store::txn;
  void txn(Txn txn, TxnCallback done) override;
  Result<GetResponse> get(std::string_view key, Revision revision) override;
  Result<ListResponse> list(const ListRequest& request) override;
  Result<CountResponse> count(std::string_view prefix, Revision revision) override;
  Result<Revision> current_revision() override;
  Result<std::unique_ptr<Watch>> watch(WatchRequest request, WatchHandler handler) override { return hub_->watch(std::move(request), std::move(handler)); }
  Status compact(Revision revision) override;
  Result<LeaseId> lease_grant(std::chrono::seconds ttl) override;
  Result<std::chrono::seconds> lease_keepalive(LeaseId lease) override { return leases_.keepalive(lease); }
  Status lease_revoke(LeaseId lease) override;
  Status health() override;
  Result<StoreStatus> status() override;
  void close() override;
  Status snapshot_save(const std::string& path) override;

 private:
  using WorkPtr = std::unique_ptr<Work>;

  // Reads the state in `snapshot` and checks that `revision` can be read; then it holds the revision to answer with.
  static Status check_revision(const View& view, Revision& revision);
  Result<WatchBatch> read_log(const std::string& prefix, Revision from, std::size_t limit);

  std::optional<Error> enqueue(WorkPtr& work);
  Status call(CallWork::Apply apply);
  void expire(std::vector<LeaseId> ended);
  void run();
  bool take(std::vector<WorkPtr>& batch);
  Status commit(const std::vector<WorkPtr>& batch);
  int try_commit(const std::vector<WorkPtr>& batch);

  const EmbeddedOptions options_;
  Clock& clock_;
  StoreMetrics metrics_;
  std::unique_ptr<Environment> env_;
  Leases leases_;
  std::shared_ptr<WatchHub> hub_;
  std::thread thread_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<WorkPtr> queue_;      // guarded by mutex_; bounded by options_.queue_capacity
  bool closing_ = false;           // guarded by mutex_
  std::optional<Error> failure_;   // guarded by mutex_; of the last commit
  std::once_flag closed_;
  bool sweeping_ = true;           // commit thread only: compaction may have left work
  // Last, so that it ends first.
  std::unique_ptr<metrics::Refresh> refresh_ = metrics::refresh_before_reading([this] {
    if (const auto sizes = env_->sizes(); sizes.ok()) metrics_.sizes(sizes->first, sizes->second);
  });
};

Status Embedded::start() {
  State state;
  {
    const Snapshot snapshot = PLUMB_TRY(env_->read());
    if (const int rc = snapshot.view().state(state)) return lmdb_error(rc, "reading the store's state");
    std::map<LeaseId, std::chrono::seconds> found;
    if (const int rc = snapshot.view().walk_leases([&](LeaseId id, std::int64_t ttl) { found.emplace(id, ttl); })) return lmdb_error(rc, "reading the store's leases");
    for (const auto& [id, ttl] : found) leases_.add(id, ttl);
  }
  hub_ = std::make_shared<WatchHub>(state.revision, [this](const std::string& prefix, Revision from, std::size_t limit) { return read_log(prefix, from, limit); });
  hub_->start();
  thread_ = std::thread([this] { run(); });
  leases_.start();
  return {};
}

// ---- writes

std::optional<Error> Embedded::enqueue(WorkPtr& work) {
  std::lock_guard lock(mutex_);
  if (closing_) return fail(Code::unavailable, "writing: the store is closed", reason::closed);
  if (queue_.size() >= options_.queue_capacity)
    return fail(Code::resource_exhausted, "writing: " + std::to_string(queue_.size()) + " writes wait already; try later");
  queue_.push_back(std::move(work));
  if (queue_.size() == 1) wake_.notify_one();
  return std::nullopt;
}

void Embedded::txn(Txn txn, TxnCallback done) {
  if (const Status status = check(txn); !status.ok()) return done(status.error());
  WorkPtr work = std::make_unique<TxnWork>(std::move(txn), std::move(done));
  if (const auto refused = enqueue(work)) work->finish(*refused);
}

Status Embedded::call(CallWork::Apply apply) {
  std::promise<Status> answer;
  WorkPtr work = std::make_unique<CallWork>(std::move(apply), [&](const Status& status) { answer.set_value(status); });
  if (const auto refused = enqueue(work)) return *refused;
  return answer.get_future().get();
}

void Embedded::run() {
  std::vector<WorkPtr> batch;
  while (take(batch)) {
    const Status committed = commit(batch);
    {
      std::lock_guard lock(mutex_);
      failure_ = committed.ok() ? std::nullopt : std::optional(committed.error());
    }
    for (const WorkPtr& work : batch) work->finish(committed);
    batch.clear();
    if (!committed.ok()) sweeping_ = false;
  }
}

// Waits for work. False at the end.
bool Embedded::take(std::vector<WorkPtr>& batch) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [&] { return closing_ || sweeping_ || !queue_.empty(); });
  std::size_t bytes = 0;
  while (!queue_.empty() && batch.size() < max_batch && bytes < max_batch_bytes) {
    bytes += queue_.front()->size();
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return !batch.empty() || !closing_;
}

Status Embedded::commit(const std::vector<WorkPtr>& batch) {
  int rc = try_commit(batch);
  for (; rc == MDB_MAP_FULL; rc = try_commit(batch)) PLUMB_TRY(env_->grow());
  if (rc) return lmdb_error(rc, "writing to the store in " + options_.dir);
  return {};
}

int Embedded::try_commit(const std::vector<WorkPtr>& batch) {
  auto txn = env_->begin_write();
  if (!txn.ok()) return txn.error().reason == reason::damaged ? MDB_CORRUPTED : MDB_PANIC;
  Writer writer(*txn, env_->dbs());
  for (const WorkPtr& work : batch) work->apply(writer);
  const bool more = writer.sweep(sweep_records);
  writer.finish();
  if (writer.code()) {
    mdb_txn_abort(*txn);
    return writer.code();
  }
  const Instant began = clock_.now();
  if (const int rc = mdb_txn_commit(*txn)) return rc;
  metrics_.committed(clock_.now() - began);
  sweeping_ = more;
  if (const Status reserved = env_->reserve(); !reserved.ok()) log::warning("store", reserved.error().message);
  hub_->publish(writer.take_events(), writer.state().revision);
  return 0;
}

Status Embedded::compact(Revision revision) {
  return call([revision](Writer& writer) { return writer.compact(revision); });
}

Result<LeaseId> Embedded::lease_grant(std::chrono::seconds ttl) {
  if (ttl.count() < 1) return fail(Code::invalid_argument, "granting a lease: its time to live must be at least a second", reason::bad_request);
  LeaseId id = 0;
  PLUMB_TRY(call([&id, ttl](Writer& writer) {
    id = writer.grant(ttl.count());
    return Status();
  }));
  leases_.add(id, ttl);
  return id;
}

Status Embedded::lease_revoke(LeaseId lease) {
  PLUMB_TRY(call([lease](Writer& writer) {
    if (writer.revoke(lease)) return Status();
    return Status(fail(Code::not_found, "revoking lease " + std::to_string(lease) + ": it does not exist or has ended", reason::lease_not_found));
  }));
  leases_.remove(lease);
  return {};
}

void Embedded::expire(std::vector<LeaseId> ended) {
  const auto apply = [ended](Writer& writer) {
    for (const LeaseId lease : ended) writer.revoke(lease);
    return Status();
  };
  WorkPtr work = std::make_unique<CallWork>(apply, [this, ended](const Status& status) {
    if (!status.ok()) return leases_.retry(ended);
    for (const LeaseId lease : ended) leases_.remove(lease);
  });
  if (enqueue(work)) leases_.retry(ended);
}

// ---- reads

Status Embedded::check_revision(const View& view, Revision& revision) {
  State state;
  if (const int rc = view.state(state)) return lmdb_error(rc, "reading the store's state");
  if (revision > state.revision)
    return fail(Code::invalid_argument, "reading at revision " + std::to_string(revision) + ": the latest is " + std::to_string(state.revision), reason::future_revision);
  if (revision && revision < state.compact_revision)
    return fail(Code::expired, "reading at revision " + std::to_string(revision) + ": compacted up to " + std::to_string(state.compact_revision), reason::compacted);
  if (!revision) revision = state.revision;
  return {};
}

Result<GetResponse> Embedded::get(std::string_view key, Revision revision) {
  if (key.empty()) return fail(Code::invalid_argument, "reading: the key is empty", reason::bad_request);
  const Snapshot snapshot = PLUMB_TRY(env_->read());
  GetResponse response;
  response.revision = revision;
  PLUMB_TRY(check_revision(snapshot.view(), response.revision));
  Record record;
  const int rc = snapshot.view().find(key, revision, record);
  if (rc == 0) response.kv = to_key_value(record);
  if (rc && rc != MDB_NOTFOUND) return lmdb_error(rc, "reading key " + std::string(key));
  return response;
}

Result<ListResponse> Embedded::list(const ListRequest& request) {
  const Snapshot snapshot = PLUMB_TRY(env_->read());
  const View view = snapshot.view();
  ListResponse response;
  response.revision = request.revision;
  PLUMB_TRY(check_revision(view, response.revision));
  int failed = 0;
  const int rc = view.walk(std::max(request.prefix, request.start), prefix_end(request.prefix), [&](std::string_view, const KeyEntry& entry) {
    const bool full = request.limit && response.kvs.size() >= request.limit;
    if (full && !request.revision) {
      response.remaining += !entry.removed;
      response.more = response.more || !entry.removed;
      return request.count_rest || !response.more;
    }
    Record record;
    const int found = view.resolve(entry, request.revision, record);
    if (found == MDB_NOTFOUND) return true;
    if ((failed = found)) return false;
    if (!full) {
      response.kvs.push_back(to_key_value(record, !request.keys_only));
      return true;
    }
    response.more = true;
    ++response.remaining;
    return request.count_rest;
  });
  if (rc || failed) return lmdb_error(rc ? rc : failed, "listing " + request.prefix);
  return response;
}

Result<CountResponse> Embedded::count(std::string_view prefix, Revision revision) {
  const Snapshot snapshot = PLUMB_TRY(env_->read());
  const View view = snapshot.view();
  CountResponse response;
  response.revision = revision;
  PLUMB_TRY(check_revision(view, response.revision));
  int failed = 0;
  const int rc = view.walk(prefix, prefix_end(prefix), [&](std::string_view, const KeyEntry& entry) {
    Record record;
    const int found = revision ? view.resolve(entry, revision, record) : entry.removed ? MDB_NOTFOUND : 0;
    response.count += found == 0;
    if (found && found != MDB_NOTFOUND) failed = found;
    return !failed;
  });
  if (rc || failed) return lmdb_error(rc ? rc : failed, "counting " + std::string(prefix));
  return response;
}

Result<Revision> Embedded::current_revision() {
  const Snapshot snapshot = PLUMB_TRY(env_->read());
  Revision revision = 0;
  PLUMB_TRY(check_revision(snapshot.view(), revision));
  return revision;
}

Result<WatchBatch> Embedded::read_log(const std::string& prefix, Revision from, std::size_t limit) {
  const Snapshot snapshot = PLUMB_TRY(env_->read());
  const View view = snapshot.view();
  WatchBatch batch;
  PLUMB_TRY(check_revision(view, batch.revision));
  if (Revision start = from; start < batch.revision) PLUMB_TRY(check_revision(view, start));
  std::size_t seen = 0;
  Revision last = 0;
  int failed = 0;
  const int rc = view.walk_log(from, [&](const Record& record) {
    if (seen >= limit && record.place.revision != last) {
      batch.revision = last;
      return false;
    }
    ++seen;
    last = record.place.revision;
    if (!record.key.starts_with(prefix)) return true;
    auto event = std::make_shared<Event>();
    event->kind = record.removed ? Event::Kind::remove : Event::Kind::put;
    event->kv = to_key_value(record, !record.removed);
    Record previous;
    const int found = record.previous.revision ? view.record(record.previous, previous) : MDB_NOTFOUND;
    if (found == 0 && !previous.removed) event->previous = to_key_value(previous);
    if (found && found != MDB_NOTFOUND) failed = found;
    batch.events.push_back(std::move(event));
    return !failed;
  });
  if (rc || failed) return lmdb_error(rc ? rc : failed, "reading the store's log");
  return batch;
}

// ---- the rest

Status Embedded::health() {
  {
    std::lock_guard lock(mutex_);
    if (closing_) return fail(Code::unavailable, "the store is closed", reason::closed);
    if (failure_) return failure_->in("the last write failed");
  }
  PLUMB_TRY(current_revision());
  return {};
}

Result<StoreStatus> Embedded::status() {
  StoreStatus status;
  status.version = std::string("embedded, ") + mdb_version(nullptr, nullptr, nullptr);
  std::tie(status.size_bytes, status.in_use_bytes) = PLUMB_TRY(env_->sizes());
  const Snapshot snapshot = PLUMB_TRY(env_->read());
  State state;
  if (const int rc = snapshot.view().state(state)) return lmdb_error(rc, "reading the store's state");
  status.revision = state.revision;
  status.compact_revision = state.compact_revision;
  return status;
}

Status Embedded::snapshot_save(const std::string& path) {
  return write_snapshot(path, [this](int fd) { return env_->copy_to(fd); });
}

void Embedded::close() {
  std::call_once(closed_, [this] {
    leases_.stop();
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
      wake_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
    if (hub_) hub_->stop();
    env_->close();
  });
}

}  // namespace
}  // namespace embedded

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(EmbeddedOptions options, Clock& clock) {
  auto env = PLUMB_TRY(embedded::Environment::open(options.dir, options.map_bytes));
  auto store = std::make_unique<embedded::Embedded>(std::move(options), clock, std::move(env));
  PLUMB_TRY(store->start());
  return std::unique_ptr<EmbeddedStore>(std::move(store));
}

}  // namespace plumb::store
