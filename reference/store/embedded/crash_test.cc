// kill -9 in the midst of a thousand concurrent writes, again and again on the same store: what was acknowledged is there, once, whole.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <thread>

#include "harness/base/clock.h"
#include "harness/base/encoding.h"
#include "harness/base/random.h"
#include "reference/store/embedded/embedded_store.h"

namespace plumb::store {
namespace {

namespace fs = std::filesystem;
constexpr int seeds = 40;

using Acknowledged = std::map<std::string, Revision>;

void add_lines(const std::string& text, Acknowledged& out) {
  std::istringstream lines(text.substr(0, text.rfind('\n') + 1));
  std::string key;
  Revision revision;
  while (lines >> key >> revision) EXPECT_TRUE(out.emplace(key, revision).second) << key << " acknowledged twice";
}

// Runs the victim until it has acknowledged `lines` writes and some microseconds more.
void run_and_kill(const std::string& dir, int run, int lines, unsigned extra_us, Acknowledged& out) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const std::string program = fs::read_symlink("/proc/self/exe").parent_path() / "store_crash";
  const std::string name = std::to_string(run);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), dir.c_str(), name.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[65536];
  bool killed = false;
  for (ssize_t n; (n = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(n));
    if (killed || std::count(text.begin(), text.end(), '\n') < lines) continue;
    ::usleep(extra_us);
    ::kill(child, SIGKILL);
    killed = true;
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the victim ended by itself with " << WEXITSTATUS(status);
  add_lines(text, out);
}

void check_store(const std::string& dir, const Acknowledged& acknowledged) {
  const auto opened = EmbeddedStore::open({.dir = dir}, real_clock());
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  Store& store = **opened;
  const auto all = store.list({}).value();
  std::map<std::string, Revision> found;
  std::set<Revision> revisions;
  for (const KeyValue& kv : all.kvs) {
    found[kv.key] = kv.mod_revision;
    EXPECT_TRUE(revisions.insert(kv.mod_revision).second) << "revision " << kv.mod_revision << " twice";
    EXPECT_EQ(kv.version, 1);
    const auto number = *parse_int(split(kv.key, '/').back());
    EXPECT_EQ(*kv.value, kv.key + std::string(static_cast<std::size_t>(number % 3000), 'v')) << "partial value";
  }
  for (const auto& [key, revision] : acknowledged) {
    const auto at = found.find(key);
    ASSERT_NE(at, found.end()) << key << " was acknowledged and is lost";
    EXPECT_EQ(at->second, revision);
  }
  EXPECT_EQ(static_cast<Revision>(found.size()) + 1, all.revision) << "a revision without a key";

  const Revision from = std::max<Revision>(store.status()->compact_revision, 1);
  std::atomic<Revision> last = from - 1, count = 0;
  const auto watch = store.watch({"", from}, [&](Result<WatchBatch> batch) {
    if (!batch.ok()) return;
    for (const auto& event : batch->events) {
      EXPECT_TRUE(event->kv.mod_revision > last && found[event->kv.key] == event->kv.mod_revision);
      last = event->kv.mod_revision;
      ++count;
    }
  }).value();
  while (last < all.revision) std::this_thread::yield();
  EXPECT_EQ(count, all.revision - std::max<Revision>(from, 2) + 1);
}

TEST(Crash, AcknowledgedWritesSurviveKill) {
  const std::string dir = fs::temp_directory_path() / ("plumb-crash-" + random_suffix(10));
  Acknowledged acknowledged;
  for (int seed = 0; seed < seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(static_cast<std::uint64_t>(seed));
    if (seed % 10 == 0) {
      fs::remove_all(dir);
      acknowledged.clear();
    }
    run_and_kill(dir, seed, static_cast<int>(random.below(1500)) + 1, static_cast<unsigned>(random.below(3000)), acknowledged);
    check_store(dir, acknowledged);
  }
  fs::remove_all(dir);
}

}  // namespace
}  // namespace plumb::store
