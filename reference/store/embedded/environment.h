// The open LMDB file: exclusive to this process, with a map that grows.
#pragma once

#include <lmdb.h>
#include <sys/types.h>

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "harness/base/result.h"
#include "reference/store/embedded/layout.h"

namespace plumb::store::embedded {

// A consistent look at the file. Keeps the map from growing: hold it briefly.
class Snapshot {
 public:
  Snapshot(MDB_txn* txn, const Databases& dbs, std::shared_lock<std::shared_mutex> lock) : txn_(txn), dbs_(dbs), lock_(std::move(lock)) {}
  Snapshot(Snapshot&& other) noexcept : txn_(std::exchange(other.txn_, nullptr)), dbs_(other.dbs_), lock_(std::move(other.lock_)) {}
  ~Snapshot() {
    if (txn_) mdb_txn_abort(txn_);
  }
  View view() const { return View(txn_, dbs_); }

 private:
  MDB_txn* txn_;
  const Databases& dbs_;
  std::shared_lock<std::shared_mutex> lock_;
};

class Environment {
 public:
  static Result<std::unique_ptr<Environment>> open(const std::string& dir, std::size_t map_bytes);
  ~Environment();

  Result<Snapshot> read();
  // For the one thread that writes. Commit or abort before the next.
  Result<MDB_txn*> begin_write();
  // Call after every commit: keeps the file longer than what is used.
  Status reserve();
  // Twice the map. Waits until every Snapshot is gone; no write transaction may be open.
  Status grow();
  // Waits for every Snapshot; all later calls say Closed.
  void close();

  const Databases& dbs() const { return dbs_; }
  Result<std::pair<std::int64_t, std::int64_t>> sizes();  // on disk, in use
  Status copy_to(int fd);

 private:
  Environment() = default;
  Status lock_owner(const std::string& dir);
  Status open_file(const std::string& dir, std::size_t map_bytes);
  Status check_length(const std::string& file);
  off_t used_bytes() const;
  Status prepare();
  Result<std::shared_lock<std::shared_mutex>> share();

  std::mutex gate_;            // taken before map_, so that readers cannot starve grow() and close()
  std::shared_mutex map_;      // shared: transactions that use the map; exclusive: changing it
  MDB_env* env_ = nullptr;     // guarded by map_
  Databases dbs_;
  int owner_fd_ = -1;
  off_t file_bytes_ = 0;       // length of data.mdb; for the thread that writes
};

}  // namespace plumb::store::embedded
