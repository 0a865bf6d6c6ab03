#include "reference/store/embedded/layout.h"

#include <cstring>

namespace plumb::store::embedded {
namespace {

constexpr std::uint32_t record_magic = 0x31524c50;  // "PLR1"
constexpr std::uint32_t state_magic = 0x31534c50;   // "PLS1"

void put_be(std::string& out, std::uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(static_cast<char>(value >> (8 * i)));
}
std::uint64_t get_be(std::string_view in) {
  std::uint64_t value = 0;
  for (const char c : in) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Takes numbers off the front; `ok` turns false at the end of the data.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  std::string_view take(std::size_t n) {
    if (rest.size() < n) ok = false;
    const std::string_view head = rest.substr(0, std::min(n, rest.size()));
    rest.remove_prefix(head.size());
    return head;
  }
  std::uint64_t number(std::size_t bytes) { return get_be(take(bytes)); }
  std::int64_t signed64() { return static_cast<std::int64_t>(number(8)); }
  Place place() {
    Place place;
    place.revision = signed64();
    place.sub = static_cast<std::uint32_t>(number(4));
    return place;
  }
};

void put_place(std::string& out, Place place) {
  put_be(out, static_cast<std::uint64_t>(place.revision), 8);
  put_be(out, place.sub, 4);
}
void put_signed(std::string& out, std::int64_t value) { put_be(out, static_cast<std::uint64_t>(value), 8); }

}  // namespace

int Databases::open(MDB_txn* txn, bool create) {
  const unsigned flags = create ? MDB_CREATE : 0;
  const std::pair<const char*, MDB_dbi*> all[] = {{"log", &log}, {"keys", &keys}, {"leases", &leases}, {"lease_keys", &lease_keys}, {"meta", &meta}};
  for (const auto& [name, dbi] : all)
    if (const int rc = mdb_dbi_open(txn, name, flags, dbi)) return rc;
  return 0;
}

std::string place_key(Place place) {
  std::string key;
  put_place(key, place);
  return key;
}
std::optional<Place> parse_place(std::string_view key) {
  if (key.size() != 12) return std::nullopt;
  return Cursor{key}.place();
}
std::string lease_prefix(LeaseId lease) {
  std::string key;
  put_signed(key, lease);
  return key;
}
std::string lease_key(LeaseId lease, Place place) { return lease_prefix(lease) + place_key(place); }
std::string encode_record(const Record& record) {
  std::string out;
  out.reserve(64 + record.key.size() + record.value.size());
  put_be(out, record_magic, 4);
  put_be(out, record.removed, 1);
  put_place(out, record.previous);
  put_signed(out, record.create_revision);
  put_signed(out, record.version);
  put_signed(out, record.lease);
  put_be(out, record.key.size(), 4);
  put_be(out, record.value.size(), 4);
  out.append(record.key).append(record.value);
  return out;
}
std::optional<Record> decode_record(Place place, std::string_view data) {
  Cursor in{data};
  if (in.number(4) != record_magic) return std::nullopt;
  Record record;
  record.place = place;
  record.removed = in.number(1) != 0;
  record.previous = in.place();
  record.create_revision = in.signed64();
  record.version = in.signed64();
  record.lease = in.signed64();
  const std::size_t key_size = in.number(4), value_size = in.number(4);
  record.key = in.take(key_size);
  record.value = in.take(value_size);
  if (!in.ok || !in.rest.empty()) return std::nullopt;
  return record;
}

std::string encode_state(const State& state) {
  std::string out;
  put_be(out, state_magic, 4);
  for (const std::int64_t value : {state.revision, state.compact_revision, state.compact_progress, state.last_lease}) put_signed(out, value);
  return out;
}
std::optional<State> decode_state(std::string_view data) {
  Cursor in{data};
  if (in.number(4) != state_magic) return std::nullopt;
  State state;
  for (std::int64_t* value : {&state.revision, &state.compact_revision, &state.compact_progress, &state.last_lease}) *value = in.signed64();
  if (!in.ok || !in.rest.empty()) return std::nullopt;
  return state;
}

std::string encode_entries(const std::vector<KeyEntry>& entries) {
  std::string out;
  for (const KeyEntry& entry : entries) {
    put_be(out, entry.suffix.size(), 2);
    out.append(entry.suffix);
    put_place(out, entry.place);
    put_be(out, entry.removed, 1);
  }
  return out;
}
std::optional<std::vector<KeyEntry>> decode_entries(std::string_view data) {
  std::vector<KeyEntry> entries;
  for (Cursor in{data}; !in.rest.empty();) {
    KeyEntry& entry = entries.emplace_back();
    entry.suffix = in.take(in.number(2));
    entry.place = in.place();
    entry.removed = in.number(1) != 0;
    if (!in.ok) return std::nullopt;
  }
  return entries;
}

int View::state(State& out) const {
  MDB_val key = as_val("state"), data;
  if (const int rc = mdb_get(txn_, dbs_.meta, &key, &data)) return rc;
  const auto state = decode_state(as_view(data));
  if (!state) return MDB_CORRUPTED;
  out = *state;
  return 0;
}

int View::entry(std::string_view key, KeyEntry& out) const {
  MDB_val k = as_val(index_key(key)), data;
  if (const int rc = mdb_get(txn_, dbs_.keys, &k, &data)) return rc;
  auto entries = decode_entries(as_view(data));
  if (!entries) return MDB_CORRUPTED;
  const std::string_view suffix = key.substr(index_key(key).size());
  for (KeyEntry& entry : *entries)
    if (entry.suffix == suffix) {
      out = std::move(entry);
      return 0;
    }
  return MDB_NOTFOUND;
}

int View::record(Place place, Record& out) const {
  const std::string key = place_key(place);
  MDB_val k = as_val(key), data;
  if (const int rc = mdb_get(txn_, dbs_.log, &k, &data)) return rc;
  const auto record = decode_record(place, as_view(data));
  if (!record) return MDB_CORRUPTED;
  out = *record;
  return 0;
}

int View::resolve(const KeyEntry& entry, Revision revision, Record& out) const {
  if (!revision && entry.removed) return MDB_NOTFOUND;
  for (Place place = entry.place; place.revision; place = out.previous) {
    if (const int rc = record(place, out)) return rc;
    if (!revision || place.revision <= revision) return out.removed ? MDB_NOTFOUND : 0;
  }
  return MDB_NOTFOUND;
}

int View::find(std::string_view key, Revision revision, Record& out) const {
  KeyEntry latest;
  if (const int rc = entry(key, latest)) return rc;
  return resolve(latest, revision, out);
}

int View::walk(std::string_view from, std::string_view end, const std::function<bool(std::string_view, const KeyEntry&)>& visit) const {
  MDB_cursor* cursor = nullptr;
  if (const int rc = mdb_cursor_open(txn_, dbs_.keys, &cursor)) return rc;
  MDB_val k = as_val(index_key(from)), data;
  int rc = from.empty() ? mdb_cursor_get(cursor, &k, &data, MDB_FIRST) : mdb_cursor_get(cursor, &k, &data, MDB_SET_RANGE);
  bool going = true;
  std::string key;
  for (; going && rc == 0; rc = going ? mdb_cursor_get(cursor, &k, &data, MDB_NEXT) : 0) {
    const auto entries = decode_entries(as_view(data));
    if (!entries) {
      rc = MDB_CORRUPTED;
      break;
    }
    for (const KeyEntry& entry : *entries) {
      key.assign(as_view(k)).append(entry.suffix);
      if (key < from) continue;
      going = (end.empty() || key < end) && visit(key, entry);
      if (!going) break;
    }
  }
  mdb_cursor_close(cursor);
  return rc == MDB_NOTFOUND ? 0 : rc;
}

int View::walk_log(Revision from, const std::function<bool(const Record&)>& visit) const {
  MDB_cursor* cursor = nullptr;
  if (const int rc = mdb_cursor_open(txn_, dbs_.log, &cursor)) return rc;
  const std::string first = place_key({from, 0});
  MDB_val k = as_val(first), data;
  int rc = mdb_cursor_get(cursor, &k, &data, MDB_SET_RANGE);
  for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &data, MDB_NEXT)) {
    const auto place = parse_place(as_view(k));
    const auto record = place ? decode_record(*place, as_view(data)) : std::nullopt;
    if (!record) rc = MDB_CORRUPTED;
    if (!record || !visit(*record)) break;
  }
  mdb_cursor_close(cursor);
  return rc == MDB_NOTFOUND ? 0 : rc;
}

int View::walk_leases(const std::function<void(LeaseId, std::int64_t)>& visit) const {
  MDB_cursor* cursor = nullptr;
  if (const int rc = mdb_cursor_open(txn_, dbs_.leases, &cursor)) return rc;
  MDB_val key, data;
  int rc = mdb_cursor_get(cursor, &key, &data, MDB_FIRST);
  for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &data, MDB_NEXT))
    visit(static_cast<LeaseId>(get_be(as_view(key))), static_cast<std::int64_t>(get_be(as_view(data))));
  mdb_cursor_close(cursor);
  return rc == MDB_NOTFOUND ? 0 : rc;
}

KeyValue to_key_value(const Record& record, bool with_value) {
  KeyValue kv;
  kv.key = record.key;
  if (with_value) kv.value = bytes(std::string(record.value));
  kv.create_revision = record.create_revision;
  kv.mod_revision = record.place.revision;
  kv.version = record.version;
  kv.lease = record.lease;
  return kv;
}

Error lmdb_error(int code, std::string_view attempted) {
  const std::string message = std::string(attempted) + ": " + mdb_strerror(code);
  switch (code) {
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_NOTFOUND:
    case MDB_INCOMPATIBLE: return fail(Code::internal, message + "; the file is damaged or not a store: restore a snapshot", reason::damaged);
    case MDB_READERS_FULL: return fail(Code::resource_exhausted, message + "; too many reads at once");
    case MDB_MAP_FULL:
    case ENOSPC:
    case ENOMEM: return fail(Code::resource_exhausted, message);
    default: return fail(Code::unavailable, message);
  }
}

}  // namespace plumb::store::embedded
