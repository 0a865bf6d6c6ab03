// Flags of the control plane and of nodes' processes that `plumb up` takes, keeps with the cluster and hands on to the processes that read them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"

namespace plumb::cluster {

struct PassedFlag {
  enum class Kind { duration, truth };
  const char* name;  // without dashes, as the process takes it
  const char* role;  // of `plumbd`
  Kind kind;
  const char* otherwise;  // the process's default
  const char* help;
  Duration least{};       // of a duration
};
const std::vector<PassedFlag>& passed_flags();

// Values that were given, by name.
using FlagValues = std::map<std::string, std::string>;

// invalid_argument says what is wrong with the text; the caller names the flag.
Status check_flag(const PassedFlag& flag, const std::string& text);
// What the process of that role is started with: {"--name", "value", …}. The role "all" is every role of the control plane in one.
std::vector<std::string> flag_args(const FlagValues& values, const std::string& role);

}  // namespace plumb::cluster
