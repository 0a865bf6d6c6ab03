// Flags of upstream's forms that several roles take.
#pragma once

#include <string>

#include "harness/base/arguments.h"
#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "reference/informer/leader_election.h"

namespace plumb::cluster {

// Go's form: 15s, 1m30s. Refuses what is not above zero.
void duration_option(Arguments& arguments, const std::string& names, Duration& value, const std::string& help);

// The exit code of a component that lost its lease: upstream's. Whoever supervises the process starts it again.
inline constexpr int kExitLostLease = 1;

struct ElectionFlags {
  bool leader_elect = true;
  informer::LeaderElectionOptions options;

  // `component` is the default name of the lease; empty: the name is not a flag.
  void declare(Arguments& arguments, const std::string& component);
  // Upstream's rules: lease duration above renew deadline above the longest wait between two tries.
  Status check() const;
  // For one candidate: with an identity of its own. The lease is named after `component` unless a flag names it.
  informer::LeaderElectionOptions candidate(const std::string& component) const;
};

}  // namespace plumb::cluster
