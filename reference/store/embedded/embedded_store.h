// The embedded store: one LMDB file in a directory, for one process. See reference/store/store.h for what it promises.
//
// Writes of all threads are gathered by one commit thread: all that wait go into one LMDB transaction and one fsync, guards evaluated
// in order of arrival, then all are acknowledged. Many writers therefore cost hardly more syncs than one.
//
//   <dir>/data.mdb   everything (layout: layout.h)
//   <dir>/lock.mdb   LMDB's reader table, rebuilt at every start
//   <dir>/owner      locked while a process has the store open
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/store/store.h"

namespace plumb::store {

struct EmbeddedOptions {
  std::string dir;                                // made, with mode 0700, when missing
  std::size_t map_bytes = std::size_t{1} << 30;   // address space to begin with; doubled whenever the data outgrows it
  std::size_t queue_capacity = 16384;             // writes waiting; one more is refused with resource_exhausted
};

struct SnapshotStatus {
  Revision revision = 0;
  std::int64_t keys = 0;
  std::int64_t size_bytes = 0;  // of the file
  std::string hash;             // SHA-256 of the content, hex
};

class EmbeddedStore : public Store {
 public:
  // `clock` times leases and must outlive the store. Errors: `unavailable / Locked` when another process has it open, `internal / Damaged`
  // when the file is not a store or is cut short. Leases found there live their whole time again.
  static Result<std::unique_ptr<EmbeddedStore>> open(EmbeddedOptions options, Clock& clock);

  // Writes a consistent copy while the store goes on working: a compacted LMDB file followed by its SHA-256. `path` appears whole or not at all.
  virtual Status snapshot_save(const std::string& path) = 0;
};

// Makes a store of a snapshot in a directory that holds none; revisions and history go on from there. Refuses a file whose hash does not fit.
Status snapshot_restore(const std::string& path, const std::string& dir);
// Checks the hash.
Result<SnapshotStatus> snapshot_status(const std::string& path);

}  // namespace plumb::store
