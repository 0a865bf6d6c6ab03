// What lies in the LMDB file, and how it is read.
//
//   log         revision, position in the transaction -> Record: every change not compacted away, in order
//   keys        key -> place of its latest record (removals too, until compacted)
//   leases      lease -> time to live
//   lease_keys  lease, place of a record -> key: the live keys attached to a lease
//   meta        "state" -> State
//
// Records link back to the one they replace. A read at a revision starts at the latest record and follows the links; compaction walks the
// log once and removes what each record replaced. LMDB keys end at 511 bytes: longer keys share an entry of `keys` by their first 511.
#pragma once

#include <lmdb.h>

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/store/store.h"

namespace plumb::store::embedded {

struct Place {
  Revision revision = 0;  // 0: nowhere
  std::uint32_t sub = 0;
  auto operator<=>(const Place&) const = default;
};

struct Record {
  bool removed = false;
  Place place;
  Place previous;
  Revision create_revision = 0;
  std::int64_t version = 0;
  LeaseId lease = 0;
  std::string_view key, value;  // into the map: valid while the LMDB transaction lives and nothing was written in it
};

struct State {
  Revision revision = 1;
  Revision compact_revision = 0;
  Revision compact_progress = 0;  // everything below is physically compacted
  LeaseId last_lease = 0;
};

struct KeyEntry {
  std::string suffix;  // what the key has beyond 511 bytes
  Place place;
  bool removed = false;
};

struct Databases {
  MDB_dbi log = 0, keys = 0, leases = 0, lease_keys = 0, meta = 0;
  // Creates what is missing when `create`; a return other than 0 is LMDB's.
  int open(MDB_txn* txn, bool create);
};

inline MDB_val as_val(std::string_view text) { return MDB_val{text.size(), const_cast<char*>(text.data())}; }
inline std::string_view as_view(const MDB_val& val) { return {static_cast<const char*>(val.mv_data), val.mv_size}; }

std::string place_key(Place place);
std::optional<Place> parse_place(std::string_view key);
std::string lease_key(LeaseId lease, Place place);
std::string lease_prefix(LeaseId lease);

std::string encode_record(const Record& record);
std::optional<Record> decode_record(Place place, std::string_view data);
std::string encode_state(const State& state);
std::optional<State> decode_state(std::string_view data);

inline constexpr std::size_t max_index_key = 511;
inline std::string_view index_key(std::string_view key) { return key.substr(0, max_index_key); }
std::string encode_entries(const std::vector<KeyEntry>& entries);
std::optional<std::vector<KeyEntry>> decode_entries(std::string_view data);

// Reads inside one LMDB transaction. Functions report LMDB's code, or MDB_CORRUPTED for what this program cannot have written.
class View {
 public:
  View(MDB_txn* txn, const Databases& dbs) : txn_(txn), dbs_(dbs) {}

  int state(State& out) const;
  // MDB_NOTFOUND when the key was never there or is compacted away.
  int entry(std::string_view key, KeyEntry& out) const;
  int record(Place place, Record& out) const;
  // The record that holds `key` at `revision` (0: latest); MDB_NOTFOUND when it did not exist then.
  int find(std::string_view key, Revision revision, Record& out) const;
  // MDB_NOTFOUND as above, for an entry at hand.
  int resolve(const KeyEntry& entry, Revision revision, Record& out) const;
  // Visits the entries of [from, end) in order until `visit` returns false; an empty end has no bound.
  int walk(std::string_view from, std::string_view end, const std::function<bool(std::string_view key, const KeyEntry&)>& visit) const;
  // Visits the records at and after `from` until `visit` returns false.
  int walk_log(Revision from, const std::function<bool(const Record&)>& visit) const;
  int walk_leases(const std::function<void(LeaseId lease, std::int64_t ttl_seconds)>& visit) const;

 private:
  MDB_txn* txn_;
  const Databases& dbs_;
};

KeyValue to_key_value(const Record& record, bool with_value = true);
Error lmdb_error(int code, std::string_view attempted);

}  // namespace plumb::store::embedded
