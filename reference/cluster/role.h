// A role is one thing plumbd can be: `plumbd ROLE [arguments]`. A part registers its roles in its own sources:
//   const Registered<Role> registered_scheduler{"scheduler", [] { return std::make_unique<SchedulerRole>(); }};
#pragma once

#include <string>
#include <vector>

#include "harness/base/registry.h"

namespace plumb::cluster {

class Role {
 public:
  virtual ~Role() = default;
  virtual std::string summary() const = 0;                        // one line for `plumbd list roles`
  virtual int run(const std::vector<std::string>& args) = 0;      // the program's exit code; args without program and role
};

// The exit codes of plumb and plumbd.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailure = 1;
inline constexpr int kExitUsage = 2;

}  // namespace plumb::cluster
