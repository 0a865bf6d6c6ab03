// A watch as a stream to pull from. A connection that merely ends is taken up again from the last version seen; what the server has
// forgotten (410) is for the caller, who lists anew.
//
// A server that keeps ending the watch without an event is asked again less and less often, up to every ten seconds, each client at
// moments of its own.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "harness/client/line_stream.h"
#include "harness/client/rest.h"

namespace plumb::client {

struct Event {
  std::string type;  // ADDED, MODIFIED, DELETED, BOOKMARK
  Json object;
};

class Watch {
 public:
  Watch(Transport& transport, std::string path, Query query);
  ~Watch();

  // The next event; nullopt when there is none by `deadline`. Errors: Code::expired (410) wants a new list, Code::unavailable after
  // five failed attempts in a row to take the watch up again, others as the server says. One thread at a time.
  Result<std::optional<Event>> next(Instant deadline);
  // The version to go on from.
  const std::string& resource_version() const { return version_; }
  // Waits until the server has accepted the watch, so that what is written from now on will be seen.
  Status opened(Instant deadline);

 private:
  void open();
  Status end();
  Result<std::optional<Event>> take(const std::string& line);

  Transport& transport_;
  const std::string path_;
  Query query_;
  std::string version_;
  int failures_ = 0;   // attempts in a row that the server did not accept
  int fruitless_ = 0;  // attempts in a row that brought no event; -1 while the present one has brought some
  Instant opened_{};
  Instant reopen_{};
  std::unique_ptr<LineStream> lines_;  // null between two attempts
};

}  // namespace plumb::client
