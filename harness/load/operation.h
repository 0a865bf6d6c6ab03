// What the load engine issues: one kind of asynchronous operation, told only how to begin one and whom to tell how it went.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace plumb::harness {

// What an operation under way reports. Safe from any thread; only the first call of done() counts, and calls after the run has
// ended are ignored.
class Ticket {
 public:
  virtual ~Ticket() = default;
  virtual void first_byte() = 0;
  // An empty reason means success; else a short word that is the same for the same cause ("HTTP 429", "timeout").
  virtual void done(std::string failure_reason) = 0;
};

class Operation {
 public:
  virtual ~Operation() = default;
  // Begins the operation with this running number and returns at once; must not wait. Called from one thread at a time.
  virtual void start(std::uint64_t number, std::shared_ptr<Ticket> ticket) = 0;
};

}  // namespace plumb::harness
