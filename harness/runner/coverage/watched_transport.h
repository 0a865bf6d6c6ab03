// A transport that notes which endpoints are called and, when asked, blanks the answers of one of them: what is left of an object is its type
// and its identity, of a list its type, of a log nothing. A test that passes all the same calls that endpoint and never looks at what it says.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "harness/client/transport.h"
#include "harness/runner/coverage/upstream_list.h"

namespace plumb::harness {

// What all transports of one test share. Safe from any thread.
class CallWatch {
 public:
  // `blank`: the operation whose answers are blanked; empty: none.
  explicit CallWatch(std::string blank);
  // Notes the call. True when its answer is to be blanked.
  bool note(const client::Request& request);
  void forget();                             // what was called so far
  std::set<std::string> operations() const;  // called since

 private:
  const EndpointIndex index_;
  const std::string blank_;
  mutable std::mutex mutex_;
  std::set<std::string> called_;
};

// An answer without its content; text that is no JSON becomes empty. A Status keeps what it says of success.
std::string blanked(const std::string& body);

std::unique_ptr<client::Transport> watch_calls(std::unique_ptr<client::Transport> transport, std::shared_ptr<CallWatch> watch);

}  // namespace plumb::harness
