#include "reference/store/embedded/writer.h"

#include <algorithm>

namespace plumb::store::embedded {

Writer::Writer(MDB_txn* txn, const Databases& dbs) : txn_(txn), dbs_(dbs), view_(txn, dbs) { ok(view_.state(state_)); }

bool Writer::ok(int rc) {
  if (!code_) code_ = rc;
  return rc == 0;
}

// True when the key exists; `known` when it has an entry, which may be a removal.
bool Writer::live(std::string_view key, KeyEntry& entry, Record& record, bool& known) {
  const int rc = view_.entry(key, entry);
  known = rc == 0;
  if (rc == MDB_NOTFOUND || !ok(rc) || entry.removed) return false;
  return ok(view_.record(entry.place, record));
}

std::optional<KeyValue> Writer::current(std::string_view key) {
  KeyEntry entry;
  Record record;
  bool known = false;
  if (!live(key, entry, record, known)) return std::nullopt;
  return to_key_value(record);
}

bool Writer::lease_exists(LeaseId lease) {
  const std::string id = lease_prefix(lease);
  MDB_val key = as_val(id), data;
  const int rc = mdb_get(txn_, dbs_.leases, &key, &data);
  return rc != MDB_NOTFOUND && ok(rc);
}

Result<TxnResponse> Writer::apply(const Txn& txn) {
  TxnResponse response;
  response.succeeded = true;
  for (const Guard& guard : txn.guards) {
    KeyEntry entry;
    const int rc = view_.entry(guard.key, entry);
    if (rc != MDB_NOTFOUND && !ok(rc)) return response;
    const Revision revision = rc == 0 && !entry.removed ? entry.place.revision : 0;
    response.succeeded = response.succeeded && revision == guard.mod_revision;
  }
  if (!response.succeeded) {
    for (const Guard& guard : txn.guards) response.values.push_back(current(guard.key));
    response.revision = state_.revision;
    return response;
  }
  for (const Op& op : txn.ops)
    if (op.lease && !lease_exists(op.lease))
      return fail(Code::not_found, "putting key " + op.key + ": lease " + std::to_string(op.lease) + " does not exist or has ended", reason::lease_not_found);
  for (const Op& op : txn.ops) response.values.push_back(change(op));
  end_revision();
  response.revision = state_.revision;
  return response;
}

std::optional<KeyValue> Writer::change(const Op& op) {
  KeyEntry entry;
  Record old;
  bool known = false;
  std::optional<KeyValue> previous;
  const bool exists = live(op.key, entry, old, known);
  if (exists) previous = to_key_value(old);
  const bool removal = op.kind == Op::Kind::remove;
  if (code_ || (removal && !exists)) return previous;

  Record record;
  record.removed = removal;
  record.place = Place{state_.revision + 1, sub_++};
  record.previous = known ? entry.place : Place{};
  record.key = op.key;
  if (!removal) {
    record.create_revision = previous ? previous->create_revision : record.place.revision;
    record.version = previous ? previous->version + 1 : 1;
    record.lease = op.lease;
    record.value = *op.value;
  }
  if (previous && previous->lease) {
    const std::string attached = lease_key(previous->lease, record.previous);
    MDB_val key = as_val(attached);
    ok(mdb_del(txn_, dbs_.lease_keys, &key, nullptr));
  }
  write(record, known);

  auto event = std::make_shared<Event>();
  event->kind = removal ? Event::Kind::remove : Event::Kind::put;
  event->kv = to_key_value(record, false);
  event->kv.value = removal ? nullptr : op.value;
  event->previous = previous;
  events_.push_back(std::move(event));
  return previous;
}

void Writer::write(const Record& record, bool known) {
  const std::string place = place_key(record.place), encoded = encode_record(record);
  MDB_val key = as_val(place), data = as_val(encoded);
  if (!ok(mdb_put(txn_, dbs_.log, &key, &data, MDB_APPEND))) return;
  KeyEntry entry;
  entry.suffix = record.key.substr(index_key(record.key).size());
  entry.place = record.place;
  entry.removed = record.removed;
  if (known || record.key.size() >= max_index_key) {
    write_entry(record.key, entry);
  } else {
    const std::string entries = encode_entries({entry});
    MDB_val k = as_val(record.key), d = as_val(entries);
    if (!ok(mdb_put(txn_, dbs_.keys, &k, &d, MDB_NOOVERWRITE))) return;
  }
  if (!record.lease) return;
  const std::string attached = lease_key(record.lease, record.place);
  MDB_val lease = as_val(attached), name = as_val(record.key);
  ok(mdb_put(txn_, dbs_.lease_keys, &lease, &name, 0));
}

void Writer::write_entry(std::string_view key, const KeyEntry& entry) {
  MDB_val k = as_val(index_key(key)), data;
  std::vector<KeyEntry> entries;
  const int rc = mdb_get(txn_, dbs_.keys, &k, &data);
  if (rc != MDB_NOTFOUND && !ok(rc)) return;
  if (rc == 0) {
    auto decoded = decode_entries(as_view(data));
    if (!decoded) return void(ok(MDB_CORRUPTED));
    entries = std::move(*decoded);
  }
  const auto at = std::lower_bound(entries.begin(), entries.end(), entry.suffix, [](const KeyEntry& e, const std::string& s) { return e.suffix < s; });
  if (at != entries.end() && at->suffix == entry.suffix)
    *at = entry;
  else
    entries.insert(at, entry);
  const std::string encoded = encode_entries(entries);
  MDB_val d = as_val(encoded);
  ok(mdb_put(txn_, dbs_.keys, &k, &d, 0));
}

// Only when the entry still points at `place`.
void Writer::erase_entry(std::string_view key, Place place) {
  MDB_val k = as_val(index_key(key)), data;
  const int rc = mdb_get(txn_, dbs_.keys, &k, &data);
  if (rc == MDB_NOTFOUND || !ok(rc)) return;
  auto entries = decode_entries(as_view(data));
  if (!entries) return void(ok(MDB_CORRUPTED));
  const std::string_view suffix = key.substr(index_key(key).size());
  if (!std::erase_if(*entries, [&](const KeyEntry& e) { return e.suffix == suffix && e.place == place; })) return;
  if (entries->empty()) return void(ok(mdb_del(txn_, dbs_.keys, &k, nullptr)));
  const std::string encoded = encode_entries(*entries);
  MDB_val d = as_val(encoded);
  ok(mdb_put(txn_, dbs_.keys, &k, &d, 0));
}

void Writer::erase_log(Place place) {
  const std::string key = place_key(place);
  MDB_val k = as_val(key);
  const int rc = mdb_del(txn_, dbs_.log, &k, nullptr);
  if (rc != MDB_NOTFOUND) ok(rc);
}

void Writer::end_revision() {
  if (sub_) ++state_.revision;
  sub_ = 0;
}

LeaseId Writer::grant(std::int64_t ttl_seconds) {
  const LeaseId id = ++state_.last_lease;
  const std::string key = lease_prefix(id), ttl = lease_prefix(ttl_seconds);
  MDB_val k = as_val(key), d = as_val(ttl);
  ok(mdb_put(txn_, dbs_.leases, &k, &d, 0));
  return id;
}

bool Writer::revoke(LeaseId lease) {
  if (!lease_exists(lease)) return false;
  const std::string prefix = lease_prefix(lease);
  MDB_cursor* cursor = nullptr;
  if (!ok(mdb_cursor_open(txn_, dbs_.lease_keys, &cursor))) return true;
  std::vector<std::string> keys;
  MDB_val k = as_val(prefix), data;
  int rc = mdb_cursor_get(cursor, &k, &data, MDB_SET_RANGE);
  for (; rc == 0 && as_view(k).starts_with(prefix); rc = mdb_cursor_get(cursor, &k, &data, MDB_NEXT)) keys.emplace_back(as_view(data));
  mdb_cursor_close(cursor);
  if (rc && rc != MDB_NOTFOUND) ok(rc);
  for (std::string& key : keys) change(Op{Op::Kind::remove, std::move(key), nullptr, 0});
  end_revision();
  MDB_val id = as_val(prefix);
  ok(mdb_del(txn_, dbs_.leases, &id, nullptr));
  return true;
}

Status Writer::compact(Revision revision) {
  if (revision > state_.revision)
    return fail(Code::invalid_argument, "compacting at revision " + std::to_string(revision) + ": the latest is " + std::to_string(state_.revision), reason::future_revision);
  if (revision <= state_.compact_revision)
    return fail(Code::expired, "compacting at revision " + std::to_string(revision) + ": compacted at " + std::to_string(state_.compact_revision) + " already", reason::compacted);
  state_.compact_revision = revision;
  return {};
}

// Every record up to the compaction makes the one it replaced unreachable; a removal below it is itself unreachable. The removal exactly
// at the compaction stays, for watches that start there: the next sweep begins with it again.
bool Writer::sweep(std::size_t records) {
  const Revision limit = state_.compact_revision;
  struct Step {
    Place place, previous;
    bool removed;
    std::string key;
  };
  if (code_ || state_.compact_progress >= limit) return false;
  std::vector<Step> steps;
  Revision reached = limit;
  const int rc = view_.walk_log(state_.compact_progress, [&](const Record& record) {
    if (record.place.revision > limit) return false;
    if (steps.size() >= records && record.place.revision != steps.back().place.revision) {
      reached = record.place.revision;
      return false;
    }
    steps.push_back({record.place, record.previous, record.removed, record.removed ? std::string(record.key) : std::string()});
    return true;
  });
  if (!ok(rc)) return false;
  for (const Step& step : steps) {
    if (step.previous.revision) erase_log(step.previous);
    if (!step.removed || step.place.revision >= limit) continue;
    erase_log(step.place);
    erase_entry(step.key, step.place);
  }
  state_.compact_progress = reached;
  return reached < limit;
}

void Writer::finish() {
  const std::string encoded = encode_state(state_);
  MDB_val key = as_val("state"), data = as_val(encoded);
  ok(mdb_put(txn_, dbs_.meta, &key, &data, 0));
}

}  // namespace plumb::store::embedded
