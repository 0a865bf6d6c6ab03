// gRPC calls over HTTP/2: unary, server streaming and bidirectional. Messages are serialized bytes, so that protobuf stays
// with the caller. Not compressed.
//
// grpc-status becomes plumb::Error: the nearest Code, `reason` the gRPC name ("NOT_FOUND"), `message` "method: what the server said".
// A channel reconnects by itself; after a failed connect it waits (100 ms doubling to 5 s, reset by success), and calls made meanwhile fail
// at once with Code::unavailable unless they wait_for_ready (until their deadline).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/net/http.h"
#include "harness/net/reactor.h"
#include "harness/net/tls.h"

namespace plumb::net::grpc {

struct ChannelOptions {
  Endpoint endpoint;
  std::optional<TlsClientOptions> tls;
  std::size_t max_message = 64 << 20;    // received; larger ones end the call with Code::resource_exhausted
  std::string authority = "localhost";
  std::shared_ptr<Reactor> reactor;      // default: shared_reactor()
};

struct CallOptions {
  Duration timeout{};          // zero: none
  Headers metadata;            // lower-case names
  bool wait_for_ready = false;
};

namespace detail {
class CallImpl;
class ChannelImpl;
}

// A streaming call. Cheap to copy, safe from any thread. Dropping it does not cancel.
class StreamCall {
 public:
  StreamCall() = default;
  explicit StreamCall(std::shared_ptr<detail::CallImpl> impl) : impl_(std::move(impl)) {}
  void write(std::string_view message);  // messages before the connection stands are kept, in order
  void writes_done();
  void cancel();                         // on_done follows with Code::cancelled, unless it came already
  std::size_t buffered() const;
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  std::shared_ptr<detail::CallImpl> impl_;
};

struct StreamCallbacks {
  std::function<void(std::string)> on_message;
  std::function<void(const Status&)> on_done;  // exactly once, last
};

class Channel {
 public:
  static Result<std::shared_ptr<Channel>> create(ChannelOptions options);
  ~Channel();

  // `method` is "/package.Service/Method". Blocks; not for a reactor thread.
  Result<std::string> unary(std::string_view method, std::string_view request, const CallOptions& options = {});
  // `done` runs on the reactor.
  StreamCall unary_async(std::string_view method, std::string_view request, const CallOptions& options,
                         std::function<void(Result<std::string>)> done);
  StreamCall server_stream(std::string_view method, std::string_view request, const CallOptions& options, StreamCallbacks callbacks);
  StreamCall bidi_stream(std::string_view method, const CallOptions& options, StreamCallbacks callbacks);

 private:
  explicit Channel(std::shared_ptr<detail::ChannelImpl> impl);
  std::shared_ptr<detail::ChannelImpl> impl_;
};

// The gRPC message framing: a flag byte, four bytes of length, the message.
std::string frame(std::string_view message);

// Takes bytes as they arrive, gives whole messages.
class Unframer {
 public:
  explicit Unframer(std::size_t max_message) : max_message_(max_message) {}
  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // nullopt when more bytes are needed. A compressed or oversized message is an error.
  Result<std::optional<std::string>> next();

 private:
  std::size_t max_message_;
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace plumb::net::grpc
