// The store: an ordered map from keys to bytes that remembers its past until told to forget it. One interface, in etcd's words;
// reference/store/embedded keeps it in one LMDB file, reference/store/etcd in an etcd cluster, contract/store_contract.h tests both.
//
// Revisions. An empty store is at revision 1. Every transaction that changes something takes the next revision, and all it changes
// carries that one; a transaction that changes nothing takes none. Revisions only grow, also over restarts, and one revision means
// the same content to every reader for ever. Keys order bytewise. A key that is put, deleted and put again is a new key: its
// create_revision and version start anew.
//
// Durability. A successful answer to a write means that it is on stable storage and survives any crash. An answer with an error
// means that nothing was changed, except `unavailable` and `deadline_exceeded`, after which the write may or may not have happened:
// the caller finds out by reading. The store therefore never repeats a write on its own; it may repeat reads.
//
// Consistency. Reads without a revision see every write acknowledged before they began. Reads at a revision see exactly that
// revision, however long they are paged, until it is compacted away.
//
// Threads. Every function may be called from any thread at any time. Completions and watch handlers run on threads of the store:
// they must be short, must not block and must not call a blocking function of the store (the callback form of txn() is fine).
// A write's own event may reach a watcher before or after its completion runs.
//
// Errors (Error::code, and the machine word in Error::reason, constants below):
//   expired / Compacted              the revision asked for lies below the compaction
//   invalid_argument / FutureRevision the revision asked for does not exist yet
//   invalid_argument / BadRequest    empty or over-long key, the same key twice in one transaction, too many operations
//   invalid_argument / TooLarge      value above the limit
//   not_found / LeaseNotFound        put, keep-alive or revoke with a lease that is gone
//   resource_exhausted               the write queue is full or the disk is: nothing was changed, trying later may help
//   unavailable / Closed             the store was closed
//   unavailable                      the other side cannot be reached, or the disk failed
//   internal / Damaged               what was read back is not what this program wrote
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace plumb::store {

using Revision = std::int64_t;  // 0 where one may be asked for: the latest
using LeaseId = std::int64_t;   // 0: none

// Values are shared, never copied: the bytes handed to txn() are those in the watch events of that write.
using Bytes = std::shared_ptr<const std::string>;
inline Bytes bytes(std::string value) { return std::make_shared<const std::string>(std::move(value)); }

namespace reason {
inline constexpr const char* compacted = "Compacted";
inline constexpr const char* future_revision = "FutureRevision";
inline constexpr const char* bad_request = "BadRequest";
inline constexpr const char* too_large = "TooLarge";
inline constexpr const char* lease_not_found = "LeaseNotFound";
inline constexpr const char* closed = "Closed";
inline constexpr const char* damaged = "Damaged";
inline constexpr const char* locked = "Locked";
}  // namespace reason

// Limits that both stores enforce before anything else happens.
inline constexpr std::size_t max_key_bytes = 4096;
inline constexpr std::size_t max_txn_ops = 128;
inline constexpr std::size_t max_value_bytes = std::size_t{1536} * 1024;  // what etcd takes by default, less a little for the rest of the request

struct KeyValue {
  std::string key;
  Bytes value;                   // never null, except in the key of a remove event and in a listing of keys only
  Revision create_revision = 0;  // of the put that created the key
  Revision mod_revision = 0;     // of the last change
  std::int64_t version = 0;      // number of puts since creation, 1 for a new key; 0 in a remove event
  LeaseId lease = 0;
};

// Holds when the key's mod_revision is the given one; 0 means that the key does not exist.
struct Guard {
  std::string key;
  Revision mod_revision = 0;
};

struct Op {
  enum class Kind { put, remove };
  Kind kind = Kind::put;
  std::string key;
  Bytes value;        // put only, not null
  LeaseId lease = 0;  // put only: the key vanishes, with a remove event, when this lease ends; a later put replaces the attachment
};

// All operations happen, at one revision, if every guard holds; otherwise none. Each key may appear in one operation only.
struct Txn {
  std::vector<Guard> guards;
  std::vector<Op> ops;

  static Txn create(std::string key, Bytes value, LeaseId lease = 0);
  static Txn update(std::string key, Bytes value, Revision expected, LeaseId lease = 0);
  static Txn remove(std::string key, Revision expected);
  // Whatever the key holds now.
  static Txn put(std::string key, Bytes value, LeaseId lease = 0);
  static Txn remove(std::string key);
};

struct TxnResponse {
  bool succeeded = false;  // every guard held
  Revision revision = 0;   // succeeded and something changed: the revision of that change; otherwise the store's when it was looked at
  // When succeeded: for each operation, what the key held before. When not: for each guard, what the key holds now.
  std::vector<std::optional<KeyValue>> values;
};
using TxnCallback = std::function<void(Result<TxnResponse>)>;

struct GetResponse {
  std::optional<KeyValue> kv;
  Revision revision = 0;  // what this answer is true of: the one asked for, or the latest
};

struct ListRequest {
  std::string prefix;         // empty: every key
  std::string start;          // keys below it are left out; the key after k is k + '\0'
  std::size_t limit = 0;      // 0: no limit
  Revision revision = 0;
  bool keys_only = false;
  bool count_rest = true;     // false: `remaining` may be left 0, which spares a walk over the rest
};
struct ListResponse {
  std::vector<KeyValue> kvs;  // in the order of their keys
  Revision revision = 0;      // ask for the next page at this one
  bool more = false;
  std::int64_t remaining = 0;  // keys from the first one left out by `limit` to the end of the prefix
};
struct CountResponse {
  std::int64_t count = 0;
  Revision revision = 0;
};

struct Event {
  enum class Kind { put, remove };
  Kind kind = Kind::put;
  KeyValue kv;                       // remove: only key and mod_revision (the removal's)
  std::optional<KeyValue> previous;  // what the key held before, unless that is compacted away or there was nothing
};
// Shared by every watcher that sees it.
using EventPtr = std::shared_ptr<const Event>;

struct WatchRequest {
  std::string prefix;           // empty: every key
  Revision start_revision = 0;  // the first revision of interest; 0: whatever comes after this call
};
// Every event of the prefix up to and including `revision` has now been delivered. Without events: a progress notification.
struct WatchBatch {
  std::vector<EventPtr> events;
  Revision revision = 0;
};
// Called for one watch by one thread at a time, in order: ascending revisions, the events of one revision always together and in the
// order of the transaction's operations, none left out, none twice. An error is the last call: `expired` when the start revision (or,
// for a watcher that fell behind, its place) is compacted, `unavailable / Closed` when the store closes. A store that loses its connection resumes by itself.
using WatchHandler = std::function<void(Result<WatchBatch>)>;

// A running watch. Destroying it ends it: after the destructor returns the handler is not running and never runs again. It may be
// destroyed inside its own handler, and after the store was closed, but not after the store was destroyed.
class Watch {
 public:
  virtual ~Watch() = default;
  // Asks for a notification whose revision is at least the store's at the time of this call. `unsupported`: this store cannot
  // (an etcd whose progress notifications may overtake events, before 3.4.25 and 3.5.8).
  virtual Status request_progress() = 0;
};

struct StoreStatus {
  std::string version;             // of the implementation, for people
  Revision revision = 0;
  Revision compact_revision = 0;   // lowest revision that can still be read; 0: nothing was compacted (etcd: not known)
  std::int64_t size_bytes = 0;     // on disk
  std::int64_t in_use_bytes = 0;   // of those, not free for reuse
};

class Store {
 public:
  virtual ~Store() = default;

  // Never blocks. The completion runs exactly once, also on close, possibly before txn() returns when the request is refused.
  // Writes handed over by one thread are applied in that order by the embedded store; an etcd orders them as they arrive.
  virtual void txn(Txn txn, TxnCallback done) = 0;
  // Waits for the answer.
  Result<TxnResponse> txn(Txn txn);

  virtual Result<GetResponse> get(std::string_view key, Revision revision = 0) = 0;
  virtual Result<ListResponse> list(const ListRequest& request) = 0;
  virtual Result<CountResponse> count(std::string_view prefix, Revision revision = 0) = 0;
  // The latest revision: at least that of every write acknowledged before the call.
  virtual Result<Revision> current_revision() = 0;

  // Returns once the watch is registered: start_revision 0 misses no write that begins after the return. A compacted start_revision is
  // reported through the handler; one in the future waits for it.
  virtual Result<std::unique_ptr<Watch>> watch(WatchRequest request, WatchHandler handler) = 0;

  // Forgets what was true only below `revision`: reads below it answer `expired`, watches can start at it or above. The latest state
  // is never affected. At or below an earlier compaction: `expired`. When to compact is the caller's policy.
  virtual Status compact(Revision revision) = 0;

  // The lease ends `ttl` after the grant or the last keep-alive, or when it is revoked; its keys are then removed, in one transaction.
  virtual Result<LeaseId> lease_grant(std::chrono::seconds ttl) = 0;
  // The time to live that begins now.
  virtual Result<std::chrono::seconds> lease_keepalive(LeaseId lease) = 0;
  virtual Status lease_revoke(LeaseId lease) = 0;

  // Can it read and write now? For readiness checks; cheap, bounded in time.
  virtual Status health() = 0;
  virtual Result<StoreStatus> status() = 0;

  // Completes what was accepted, ends every watch with an error, refuses everything later. After it returns no callback runs. Idempotent;
  // the destructor closes too. Not to be called from a callback.
  virtual void close() = 0;
};

// The first key after every key with this prefix; empty when there is none (an empty prefix, or only 0xff bytes).
std::string prefix_end(std::string_view prefix);
// What the limits above and the rules of Txn say; both stores refuse by it.
Status check(const Txn& txn);

}  // namespace plumb::store
