// A raw, full-duplex byte stream: what is left of a connection after an HTTP/1.1 upgrade, or any socket put on a reactor.
//
// All members are safe from any thread; callbacks run on the stream's reactor. Nothing is read before start().
// Back-pressure: pause_reading() stops reading from the socket (what is in flight in this process still arrives);
// buffered() says how many written bytes wait for the peer, on_writable() when they have drained.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "harness/net/http.h"
#include "harness/net/reactor.h"

namespace plumb::net {

class Stream {
 public:
  struct Callbacks {
    std::function<void(std::string_view)> on_data;  // the bytes are gone when it returns
    std::function<void()> on_eof;                   // the peer will send no more; writing still works
    std::function<void(const Status&)> on_close;    // the last callback, exactly once; an error when it broke
  };

  virtual ~Stream() = default;
  virtual void start(Callbacks callbacks) = 0;
  virtual void write(Bytes data) = 0;
  void write(std::string data) { write(bytes(std::move(data))); }
  virtual std::size_t buffered() const = 0;
  // Called once, when at most `low_water` bytes are buffered (at once when that is so already). The latest one counts.
  virtual void on_writable(std::size_t low_water, std::function<void()> callback) = 0;
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  virtual void shutdown_write() = 0;  // after what was written
  virtual void close() = 0;           // sends what was written, then closes; gives up after ten seconds
  virtual const std::shared_ptr<Reactor>& reactor() const = 0;
};

// Takes over a connected stream socket (TCP, UNIX), for instance one made in another network namespace.
Result<std::shared_ptr<Stream>> adopt_socket(const std::shared_ptr<Reactor>& reactor, int fd);

// Copies both ways with back-pressure until both sides are done, then calls `done` once. Neither stream may have been started.
void splice(std::shared_ptr<Stream> a, std::shared_ptr<Stream> b, std::function<void()> done = {});

}  // namespace plumb::net
