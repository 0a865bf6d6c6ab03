#include "reference/store/embedded/environment.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace plumb::store::embedded {
namespace {

constexpr unsigned max_readers = 4096;
constexpr off_t reserve_bytes = off_t{32} << 20;

Status sync_directory(const std::string& dir) {
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail_errno("opening the store's directory " + dir);
  const int rc = ::fsync(fd);
  ::close(fd);
  if (rc) return fail_errno("syncing the store's directory " + dir);
  return {};
}

}  // namespace

Result<std::unique_ptr<Environment>> Environment::open(const std::string& dir, std::size_t map_bytes) {
  std::error_code error;
  if (std::filesystem::create_directories(dir, error)) ::chmod(dir.c_str(), 0700);
  if (error) return fail(Code::unavailable, "making the store's directory " + dir + ": " + error.message());
  std::unique_ptr<Environment> env(new Environment);
  PLUMB_TRY(env->lock_owner(dir));
  PLUMB_TRY(env->open_file(dir, map_bytes));
  PLUMB_TRY(env->check_length(dir + "/data.mdb"));
  PLUMB_TRY(env->prepare());
  PLUMB_TRY(sync_directory(dir));
  return env;
}

Environment::~Environment() {
  close();
  if (owner_fd_ >= 0) ::close(owner_fd_);
}

Status Environment::lock_owner(const std::string& dir) {
  const std::string path = dir + "/owner";
  owner_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (owner_fd_ < 0) return fail_errno("opening the store's lock file " + path);
  if (::flock(owner_fd_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return fail_errno("locking the store's lock file " + path);
  return fail(Code::unavailable, "the store in " + dir + " is open already, here or in another process; stop that one first", reason::locked);
}

Status Environment::open_file(const std::string& dir, std::size_t map_bytes) {
  const std::string attempted = "opening the store in " + dir;
  if (const int rc = mdb_env_create(&env_)) return lmdb_error(rc, attempted);
  struct stat file {};
  if (::stat((dir + "/data.mdb").c_str(), &file) == 0) {
    while (map_bytes < static_cast<std::size_t>(file.st_size) * 2) map_bytes *= 2;
    if (file.st_size > 0 && file.st_size < 2 * ::sysconf(_SC_PAGESIZE)) return lmdb_error(MDB_INVALID, attempted);
  }
  mdb_env_set_maxdbs(env_, 8);
  mdb_env_set_maxreaders(env_, max_readers);
  mdb_env_set_mapsize(env_, map_bytes);
  if (const int rc = mdb_env_open(env_, dir.c_str(), MDB_NOTLS, 0600)) return lmdb_error(rc, attempted);
  return {};
}

// A file shorter than its tree would kill the process at the first read beyond its end. LMDB itself may leave pages at the end unwritten
// that it took and gave back in one transaction; reserve() keeps the file longer than that, so that a short one was cut.
Status Environment::check_length(const std::string& path) {
  const off_t needed = used_bytes();
  struct stat file {};
  if (::stat(path.c_str(), &file)) return fail_errno("looking at " + path);
  if (file.st_size < needed)
    return lmdb_error(MDB_CORRUPTED, "opening " + path + ", which ends at " + std::to_string(file.st_size) + " of " + std::to_string(needed) + " bytes");
  file_bytes_ = file.st_size;
  return reserve();
}

off_t Environment::used_bytes() const {
  MDB_envinfo info;
  MDB_stat stat;
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &stat);
  return static_cast<off_t>((info.me_last_pgno + 1) * stat.ms_psize);
}

// The reserve is a hole: it takes no space on disk.
Status Environment::reserve() {
  const off_t used = used_bytes();
  if (file_bytes_ >= used + reserve_bytes / 2) return {};
  int fd = -1;
  if (const int rc = mdb_env_get_fd(env_, &fd)) return lmdb_error(rc, "extending the store");
  if (::ftruncate(fd, used + reserve_bytes)) return fail_errno("extending the store");
  file_bytes_ = used + reserve_bytes;
  return {};
}

// A new file gets its databases and its first state; one that has others is not ours.
Status Environment::prepare() {
  const std::string attempted = "reading the store's state";
  MDB_txn* txn = nullptr;
  if (const int rc = mdb_txn_begin(env_, nullptr, 0, &txn)) return lmdb_error(rc, attempted);
  MDB_dbi root = 0;
  MDB_stat stat{};
  int rc = mdb_dbi_open(txn, nullptr, 0, &root);
  if (!rc) rc = mdb_stat(txn, root, &stat);
  const bool fresh = stat.ms_entries == 0;
  if (!rc) rc = dbs_.open(txn, fresh);
  State state;
  if (!rc && fresh) {
    const std::string encoded = encode_state(state);
    MDB_val key = as_val("state"), data = as_val(encoded);
    rc = mdb_put(txn, dbs_.meta, &key, &data, 0);
  } else if (!rc) {
    rc = View(txn, dbs_).state(state);
  }
  if (rc) {
    mdb_txn_abort(txn);
    return lmdb_error(rc, attempted);
  }
  if ((rc = mdb_txn_commit(txn))) return lmdb_error(rc, attempted);
  return {};
}

Result<std::shared_lock<std::shared_mutex>> Environment::share() {
  std::lock_guard gate(gate_);
  std::shared_lock lock(map_);
  if (!env_) return fail(Code::unavailable, "the store is closed", reason::closed);
  return lock;
}

Result<Snapshot> Environment::read() {
  auto lock = PLUMB_TRY(share());
  MDB_txn* txn = nullptr;
  if (const int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn)) return lmdb_error(rc, "beginning a read of the store");
  return Snapshot(txn, dbs_, std::move(lock));
}

Result<MDB_txn*> Environment::begin_write() {
  MDB_txn* txn = nullptr;
  if (const int rc = mdb_txn_begin(env_, nullptr, 0, &txn)) return lmdb_error(rc, "beginning a write of the store");
  return txn;
}

Status Environment::grow() {
  std::lock_guard gate(gate_);
  std::unique_lock lock(map_);
  MDB_envinfo info;
  mdb_env_info(env_, &info);
  if (const int rc = mdb_env_set_mapsize(env_, info.me_mapsize * 2)) return lmdb_error(rc, "growing the store's map");
  return {};
}

void Environment::close() {
  std::lock_guard gate(gate_);
  std::unique_lock lock(map_);
  if (env_) mdb_env_close(env_);
  env_ = nullptr;
}

Result<std::pair<std::int64_t, std::int64_t>> Environment::sizes() {
  const auto lock = PLUMB_TRY(share());
  MDB_envinfo info;
  MDB_txn* txn = nullptr;
  mdb_env_info(env_, &info);
  if (const int rc = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn)) return lmdb_error(rc, "reading the store's size");
  MDB_stat total{};
  std::size_t pages = 2;
  for (const MDB_dbi dbi : {MDB_dbi{0}, MDB_dbi{1}, dbs_.log, dbs_.keys, dbs_.leases, dbs_.lease_keys, dbs_.meta}) {
    if (mdb_stat(txn, dbi, &total)) continue;
    pages += total.ms_branch_pages + total.ms_leaf_pages + total.ms_overflow_pages;
  }
  mdb_txn_abort(txn);
  const auto size = static_cast<std::int64_t>((info.me_last_pgno + 1) * total.ms_psize);
  return std::pair{size, static_cast<std::int64_t>(pages * total.ms_psize)};
}

Status Environment::copy_to(int fd) {
  const auto lock = PLUMB_TRY(share());
  if (const int rc = mdb_env_copyfd2(env_, fd, MDB_CP_COMPACT)) return lmdb_error(rc, "copying the store");
  return {};
}

}  // namespace plumb::store::embedded
