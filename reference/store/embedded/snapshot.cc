#include "reference/store/embedded/snapshot.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <memory>

#include "harness/base/encoding.h"
#include "reference/store/embedded/embedded_store.h"
#include "reference/store/embedded/environment.h"

namespace plumb::store {
namespace embedded {
namespace {

constexpr std::int64_t digest_bytes = 32;

struct File {
  int fd = -1;
  ~File() {
    if (fd >= 0) ::close(fd);
  }
};

Status write_all(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0) return fail_errno("writing " + path);
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// Reads `size` bytes from the start, hands them to `sink` and returns their SHA-256.
Result<std::string> digest(int fd, std::int64_t size, const std::string& path, const std::function<Status(std::string_view)>& sink) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::string buffer(std::size_t{1} << 20, '\0');
  for (std::int64_t at = 0; at < size;) {
    const auto want = static_cast<std::size_t>(std::min<std::int64_t>(size - at, static_cast<std::int64_t>(buffer.size())));
    const ssize_t n = ::pread(fd, buffer.data(), want, at);
    if (n < 0) return fail_errno("reading " + path);
    if (n == 0) return fail(Code::internal, "reading " + path + ": it ends early", reason::damaged);
    const std::string_view part(buffer.data(), static_cast<std::size_t>(n));
    EVP_DigestUpdate(context.get(), part.data(), part.size());
    PLUMB_TRY(sink(part));
    at += n;
  }
  std::array<unsigned char, digest_bytes> out{};
  EVP_DigestFinal_ex(context.get(), out.data(), nullptr);
  return std::string(out.begin(), out.end());
}

Status nothing(std::string_view) { return {}; }

Status finish_file(int fd, const std::string& from, const std::string& to) {
  if (::fsync(fd)) return fail_errno("syncing " + from);
  if (::rename(from.c_str(), to.c_str())) return fail_errno("renaming " + from + " to " + to);
  const std::filesystem::path parent = std::filesystem::absolute(to).parent_path();
  const File dir{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (dir.fd < 0 || ::fsync(dir.fd)) return fail_errno("syncing " + parent.string());
  return {};
}

Result<std::int64_t> content_size(int fd, const std::string& path) {
  struct stat file {};
  if (::fstat(fd, &file)) return fail_errno("looking at " + path);
  if (file.st_size <= digest_bytes) return fail(Code::internal, path + " is too short for a snapshot", reason::damaged);
  return file.st_size - digest_bytes;
}

// Checks the hash while the content passes through `sink`; returns the hash.
Result<std::string> checked(int fd, const std::string& path, const std::function<Status(std::string_view)>& sink) {
  const std::int64_t size = PLUMB_TRY(content_size(fd, path));
  const std::string actual = PLUMB_TRY(digest(fd, size, path, sink));
  std::string expected(digest_bytes, '\0');
  if (::pread(fd, expected.data(), expected.size(), size) != digest_bytes) return fail_errno("reading " + path);
  if (actual != expected) return fail(Code::internal, path + " is damaged or not a snapshot: its hash does not fit its content", reason::damaged);
  return actual;
}

Status fill(const std::string& part, const std::string& path, const std::function<Status(int fd)>& copy) {
  const File out{::open(part.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (out.fd < 0) return fail_errno("creating " + part);
  PLUMB_TRY(copy(out.fd));
  const off_t size = ::lseek(out.fd, 0, SEEK_END);
  PLUMB_TRY(write_all(out.fd, PLUMB_TRY(digest(out.fd, size, part, nothing)), part));
  return finish_file(out.fd, part, path);
}

Status read_counts(const std::string& path, SnapshotStatus& status) {
  const std::string attempted = "reading snapshot " + path;
  MDB_env* env = nullptr;
  if (const int rc = mdb_env_create(&env)) return lmdb_error(rc, attempted);
  const std::unique_ptr<MDB_env, decltype(&mdb_env_close)> owner(env, mdb_env_close);
  mdb_env_set_maxdbs(env, 8);
  if (const int rc = mdb_env_open(env, path.c_str(), MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0600)) return lmdb_error(rc, attempted);
  MDB_txn* txn = nullptr;
  if (const int rc = mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn)) return lmdb_error(rc, attempted);
  const std::unique_ptr<MDB_txn, decltype(&mdb_txn_abort)> reading(txn, mdb_txn_abort);
  Databases dbs;
  if (const int rc = dbs.open(txn, false)) return lmdb_error(rc, attempted);
  const View view(txn, dbs);
  State state;
  if (const int rc = view.state(state)) return lmdb_error(rc, attempted);
  status.revision = state.revision;
  const int rc = view.walk("", "", [&](std::string_view, const KeyEntry& entry) {
    status.keys += !entry.removed;
    return true;
  });
  if (rc) return lmdb_error(rc, attempted);
  return {};
}

}  // namespace

Status write_snapshot(const std::string& path, const std::function<Status(int fd)>& copy) {
  const std::string part = path + ".part";
  Status done = fill(part, path, copy);
  if (!done.ok()) ::unlink(part.c_str());
  return done;
}

}  // namespace embedded

Status snapshot_restore(const std::string& path, const std::string& dir) {
  const embedded::File in{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.fd < 0) return fail_errno("opening snapshot " + path);
  std::error_code error;
  const std::string file = dir + "/data.mdb", part = file + ".part";
  if (std::filesystem::exists(file, error)) return fail(Code::already_exists, "restoring into " + dir + ": it holds a store already; name an empty directory");
  if (std::filesystem::create_directories(dir, error)) ::chmod(dir.c_str(), 0700);
  if (error) return fail(Code::unavailable, "making " + dir + ": " + error.message());
  const embedded::File out{::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (out.fd < 0) return fail_errno("creating " + part);
  const auto hash = embedded::checked(in.fd, path, [&](std::string_view data) { return embedded::write_all(out.fd, data, part); });
  Status done = hash.ok() ? embedded::finish_file(out.fd, part, file) : Status(hash.error());
  if (!done.ok()) ::unlink(part.c_str());
  return done;
}

Result<SnapshotStatus> snapshot_status(const std::string& path) {
  const embedded::File in{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (in.fd < 0) return fail_errno("opening snapshot " + path);
  SnapshotStatus status;
  status.hash = hex_encode(PLUMB_TRY(embedded::checked(in.fd, path, embedded::nothing)));
  status.size_bytes = PLUMB_TRY(embedded::content_size(in.fd, path)) + embedded::digest_bytes;
  PLUMB_TRY(embedded::read_counts(path, status));
  return status;
}

}  // namespace plumb::store
