// Follows a collection by watch and hands over each event with the moment it arrived.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/load/transport.h"

namespace simdjson::dom {
class element;
}

namespace plumb::harness {

// One event; on the transport's thread, one at a time, must not block.
using RecordEvent = std::function<void(Instant arrived, std::string_view type, const simdjson::dom::element& object)>;

class Recorder {
 public:
  // Waits until the server has accepted the watch. `path` is the collection's ("/api/v1/namespaces/a/pods"), with selectors as its query.
  static Result<std::unique_ptr<Recorder>> start(LoadTransport& transport, Clock& clock, const std::string& path, RecordEvent record);
  // No event is handed over once this returns.
  ~Recorder();
  // An error when the watch ended before stop(), so that events may have been missed.
  Status stop();

 private:
  struct State;
  explicit Recorder(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace plumb::harness
