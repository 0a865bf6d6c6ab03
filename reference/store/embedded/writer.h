// The changes of one LMDB transaction: many store transactions, each at its own revision. Used by the commit thread only.
//
// LMDB's first error sticks in code(); everything after it does nothing, and the LMDB transaction must be aborted.
#pragma once

#include <string_view>
#include <vector>

#include "reference/store/embedded/environment.h"

namespace plumb::store::embedded {

class Writer {
 public:
  Writer(MDB_txn* txn, const Databases& dbs);

  Result<TxnResponse> apply(const Txn& txn);
  LeaseId grant(std::int64_t ttl_seconds);
  // False when there is no such lease. Removes its keys at one revision.
  bool revoke(LeaseId lease);
  Status compact(Revision revision);
  // Physically removes what compaction made unreachable, for about `records` records; true when there is more to do.
  bool sweep(std::size_t records);
  // Writes the state. Call last.
  void finish();

  int code() const { return code_; }
  const State& state() const { return state_; }
  std::vector<EventPtr> take_events() { return std::move(events_); }

 private:
  bool ok(int rc);
  bool live(std::string_view key, KeyEntry& entry, Record& record, bool& known);
  std::optional<KeyValue> current(std::string_view key);
  bool lease_exists(LeaseId lease);
  std::optional<KeyValue> change(const Op& op);
  void write(const Record& record, bool known);
  void write_entry(std::string_view key, const KeyEntry& entry);
  void erase_entry(std::string_view key, Place place);
  void erase_log(Place place);
  void end_revision();

  MDB_txn* txn_;
  const Databases& dbs_;
  View view_;
  State state_;
  std::uint32_t sub_ = 0;  // changes so far at state_.revision + 1
  int code_ = 0;
  std::vector<EventPtr> events_;
};

}  // namespace plumb::store::embedded
