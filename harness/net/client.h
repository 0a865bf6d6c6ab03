// An HTTP client for one endpoint: a small pool of connections, HTTP/2 where the server speaks it (many requests on each), else HTTP/1.1
// (one request on each). Connections are made on demand, so after a failure the next request reconnects.
//
// Safe from any thread. The blocking send() is for ordinary threads; stream() is asynchronous, callbacks run on the client's reactor
// and must not block. All work of one HttpClient runs on one reactor: for more than one core's worth of load make one client per reactor.
// Nothing is retried here; a request that an idle connection's death hit before its first byte was taken is sent once more
// only when its method is safe (GET, HEAD) or the server said it was not processed (GOAWAY, REFUSED_STREAM).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/net/http.h"
#include "harness/net/reactor.h"
#include "harness/net/stream.h"
#include "harness/net/tls.h"

namespace plumb::net {

// Error::reason when no connection could be made: nothing of the request has left.
inline constexpr std::string_view kNotConnected = "NotConnected";

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query, as sent
  Headers headers;           // Host is added when missing
  Body body;
  bool stream_body = false;  // HTTP/2 only: after `body` more follows by Call::write, up to Call::end
  Duration timeout{};        // for the whole exchange; zero: none
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
  Headers trailers;
  Version version = Version::http_1_1;
};

namespace detail {
class CallState;
class ClientPool;
}

// A request under way. Cheap to copy, safe from any thread. Dropping it does not cancel.
class Call {
 public:
  Call() = default;
  explicit Call(std::shared_ptr<detail::CallState> state) : state_(std::move(state)) {}

  // The exchange ends with Code::cancelled, unless it has ended; no callback runs later than the one that says so. Idempotent.
  void cancel();
  // More of the body, for a request with stream_body.
  void write(Bytes chunk);
  void write(std::string chunk) { write(bytes(std::move(chunk))); }
  void end();
  std::size_t buffered() const;  // request bytes that wait for the server
  // Stops taking response data: at most one flow-control window (HTTP/2) or one read (HTTP/1.1) still arrives.
  void pause();
  void resume();
  explicit operator bool() const { return state_ != nullptr; }

 private:
  std::shared_ptr<detail::CallState> state_;
};

// on_headers, then on_data any number of times, then on_end; or on_error at any point. Exactly one of on_end and on_error is
// called, last. on_data's bytes are gone when it returns.
struct CallCallbacks {
  std::function<void(int status, const Headers& headers)> on_headers;
  std::function<void(std::string_view)> on_data;
  std::function<void(const Headers& trailers)> on_end;
  std::function<void(const Error&)> on_error;
};

struct ClientOptions {
  enum class Protocol {
    automatic,  // over TLS what ALPN says, else HTTP/1.1
    http_1_1,
    http_2,     // over TLS by ALPN, without TLS by prior knowledge
  };

  Endpoint endpoint;
  std::optional<TlsClientOptions> tls;
  Protocol protocol = Protocol::automatic;
  std::size_t http2_connections = 1;    // spread evenly; a further one is added while all are at the server's stream limit, up to four times this
  std::size_t http1_connections = 64;   // further requests wait in a queue
  std::size_t max_queued = 100'000;     // requests that wait for a connection or a stream; beyond it Code::resource_exhausted
  Duration connect_timeout = std::chrono::seconds(10);
  Duration idle_timeout = std::chrono::seconds(90);  // then an unused connection is closed
  Duration ping_interval = std::chrono::seconds(30);  // HTTP/2: a connection with open streams and no traffic for this long must answer a
                                                     // ping within 15 s, or all its requests fail; zero: no pings
  std::uint32_t stream_window = 4 << 20;       // bytes the server may be ahead of us, per stream
  std::uint32_t connection_window = 64 << 20;  // and per connection
  std::size_t max_header_bytes = 256 << 10;
  std::size_t max_response_bytes = 256 << 20;  // for send() only
  std::shared_ptr<Reactor> reactor;            // default: shared_reactor()
};

class HttpClient {
 public:
  // Fails on unusable TLS material; does not connect.
  static Result<std::shared_ptr<HttpClient>> create(ClientOptions options);
  // Cancels what is under way.
  ~HttpClient();

  // Blocks; not for a reactor thread. An HTTP error status is a response, not an Error.
  Result<ClientResponse> send(ClientRequest request);
  // The same without blocking; `done` runs on the reactor.
  Call send_async(ClientRequest request, std::function<void(Result<ClientResponse>)> done);
  Call stream(ClientRequest request, CallCallbacks callbacks);

  struct Upgraded {
    ClientResponse response;         // 101, or the refusal with its body
    std::shared_ptr<Stream> stream;  // set with 101
  };
  // HTTP/1.1 on a connection of its own. The caller gives the Upgrade and Connection headers. request.timeout bounds the handshake.
  Call upgrade_async(ClientRequest request, std::function<void(Result<Upgraded>)> done);
  Result<Upgraded> upgrade(ClientRequest request);

  const std::shared_ptr<Reactor>& reactor() const;
  std::size_t open_connections() const;

 private:
  explicit HttpClient(std::shared_ptr<detail::ClientPool> pool);
  std::shared_ptr<detail::ClientPool> pool_;
};

}  // namespace plumb::net
