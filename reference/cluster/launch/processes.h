// The long-lived processes of a cluster: started apart from who starts them, found again by pid file, told apart from others that got the
// same pid by their start time.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/base/process.h"
#include "reference/cluster/layout.h"

namespace plumb::cluster {

struct ProcessPlan {
  std::string name;               // of its log and pid file
  std::vector<std::string> args;  // args[0] is the program
  bool says_ready = true;         // prints a line on stdout once it serves
};

bool process_running(const Layout& layout, const std::string& name);
// Ok at once when it runs. Otherwise starts it and waits for its line; an early end is an error that carries the end of its log.
Status start_process(const Layout& layout, const ProcessPlan& plan, Duration limit);
// SIGTERM, after `grace` SIGKILL. Ok when it does not run.
Status stop_process(const Layout& layout, const std::string& name, Duration grace);

// Keeps others from bringing the cluster of that folder up or down meanwhile; gone with its owner, also when that is killed.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::string& dir);
  FolderLock(FolderLock&& other) noexcept : folder_(std::exchange(other.folder_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int folder) : folder_(folder) {}
  int folder_;
};

// The path of the running program.
std::string own_program();
// `wanted` when nobody listens there, else a free port.
Result<std::uint16_t> choose_port(std::uint16_t wanted);

}  // namespace plumb::cluster
