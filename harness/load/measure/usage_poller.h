// Asks metrics.k8s.io again and again what the pods of a namespace use: every 250 ms, and less often where an answer takes longer than a
// quarter of that, so that the asking does not become the load.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "harness/base/clock.h"
#include "harness/load/transport.h"

namespace simdjson::dom {
class element;
}

namespace plumb::harness {

class UsagePoller {
 public:
  // On the transport's thread, one at a time, must not block. What is no answer is left out.
  using Take = std::function<void(Instant arrived, const simdjson::dom::element& list)>;

  UsagePoller(LoadTransport& transport, Clock& clock, const std::string& space, Take take);
  // Nothing is handed over once this returns.
  ~UsagePoller();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace plumb::harness
