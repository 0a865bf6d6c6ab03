// The victim of crash_test.cc: writes to the store in argv[1] from many threads' worth of callbacks and reports every acknowledged
// write on stdout as "key revision\n", until it is killed.
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>

#include "harness/base/clock.h"
#include "reference/store/embedded/embedded_store.h"

using namespace plumb;

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  auto store = store::EmbeddedStore::open({.dir = argv[1]}, real_clock());
  if (!store.ok()) return 3;
  constexpr int in_flight = 1000;
  std::mutex mutex;
  std::condition_variable changed;
  int running = 0;
  for (long i = 0;; ++i) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return running < in_flight; });
    ++running;
    lock.unlock();
    const std::string key = std::string("/") + argv[2] + "/" + std::to_string(i);
    (*store)->txn(store::Txn::create(key, store::bytes(key + std::string(static_cast<std::size_t>(i % 3000), 'v'))), [&, key](auto result) {
      if (!result.ok() || !result->succeeded) ::_exit(4);
      const std::string line = key + " " + std::to_string(result->revision) + "\n";
      if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(5);
      std::lock_guard guard(mutex);
      --running;
      changed.notify_one();
    });
    if (i % 500 == 499) {
      const auto revision = (*store)->current_revision();
      if (revision.ok() && *revision > 400) (void)(*store)->compact(*revision - 400);
    }
  }
}
