// What becomes of the pods of a node that fails: when it is noticed, when they are evicted, when others are ready in their place. Times count
// from the beginning of a phase. No I/O; not safe from several threads.
#pragma once

#include <simdjson.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/clock.h"

namespace plumb::harness {

class NodeFailureTracker {
 public:
  void begin_phase(Instant now);
  void node(Instant arrived, std::string_view type, const simdjson::dom::element& object);
  void pod(Instant arrived, std::string_view type, const simdjson::dom::element& object);

  // The node that failed: the first in this phase that stops being Ready with pods on it. Empty: none yet.
  const std::string& failed() const { return failed_; }
  // Ready pods on other nodes; none before a node has failed.
  std::uint64_t safe() const;
  std::size_t victims() const { return victims_.size(); }
  // Seconds since the phase began.
  std::optional<double> noticed() const { return noticed_; }  // Ready is no longer True
  std::optional<double> tainted() const { return tainted_; }  // NoExecute
  const std::vector<double>& evicted() const { return evicted_; }    // each pod of the node, deleted or about to be
  const std::vector<double>& replaced() const { return replaced_; }  // each pod that became ready elsewhere since

 private:
  struct Pod {
    std::string node;
    bool ready = false, leaving = false, is_new = false;
  };
  double seconds(Instant arrived) const { return std::chrono::duration<double>(arrived - zero_).count(); }

  Instant zero_{};
  std::unordered_map<std::string, bool> ready_nodes_;
  std::unordered_map<std::string, Pod> pods_;  // by uid
  std::string failed_;
  std::set<std::string> victims_;  // uids
  std::optional<double> noticed_, tainted_;
  std::vector<double> evicted_, replaced_;
};

}  // namespace plumb::harness
