// A sub-command of `plumb`. It registers itself in its own source:
//   const Registered<Command> registered_version{"version", [] { return std::make_unique<VersionCommand>(); }};
#pragma once

#include <string>
#include <vector>

#include "harness/base/listing.h"
#include "harness/base/registry.h"

namespace plumb::cli {

// What every command exits with.
enum Exit : int {
  exit_ok = 0,
  exit_failed = 1,        // the verdict is negative: a test failed, a regression was found
  exit_usage = 2,         // unknown command, option or value
  exit_unavailable = 3,   // the cluster cannot be reached, or something needed cannot be set up
  exit_partial = 4,       // nothing failed, but not all that was required could be judged
  exit_interrupted = 130,
};

struct Globals {
  std::string kubeconfig;
  std::string context;
};

class Command {
 public:
  virtual ~Command() = default;
  virtual std::string summary() const = 0;  // one line
  virtual bool hidden() const { return false; }
  // `args` is what follows the command's name. Answers an exit code.
  virtual int run(const std::vector<std::string>& args, Globals globals) = 0;
};

using plumb::Listing;  // `plumb list KIND`

// The whole program: global flags, choice of the command, errors.
int run_program(std::vector<std::string> args);

// The registered name nearest to `word`, or "" when none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& names);

// The version of this program.
std::string tool_version();

}  // namespace plumb::cli
