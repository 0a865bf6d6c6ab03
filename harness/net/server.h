// An HTTP/1.1 and HTTP/2 server, with or without TLS.
//
// A connection lives on one reactor thread. The handler is called there, with the complete (bounded) body, and must not block:
// it answers in place (the fast way), or keeps the ResponseWriter and answers later from any thread.
// Malformed, oversized and slow input is answered or closed by the server itself; the handler never sees it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/net/crypto.h"
#include "harness/net/http.h"
#include "harness/net/reactor.h"
#include "harness/net/stream.h"
#include "harness/net/tls.h"

namespace plumb::net {

// Who is at the other end; one per connection, shared by its requests.
struct Peer {
  std::string address;  // "10.0.0.7:51234", or "unix"
  bool tls = false;
  std::optional<CertificateInfo> certificate;  // set only when it verified against client_ca_pem
  std::string certificate_error;               // why a certificate that was sent did not verify
};

struct Request {
  std::string method;
  std::string path;   // as sent, not decoded
  std::string query;  // as sent, without the '?'
  Headers headers;    // HTTP/2: names in lower case, :authority as "host"
  std::string body;
  Version version = Version::http_1_1;
  std::shared_ptr<const Peer> peer;
};

namespace detail {
class Exchange;
}

// The answer to one request. Cheap to copy; every member is safe from any thread; calls of one thread keep their order.
// Once the client is gone everything is a no-op. When the last copy goes without an answer the client gets a 500,
// or a broken stream where the answer had begun.
class ResponseWriter {
 public:
  explicit ResponseWriter(std::shared_ptr<detail::Exchange> exchange);
  ResponseWriter(const ResponseWriter& other);
  ResponseWriter(ResponseWriter&& other) noexcept = default;
  ResponseWriter& operator=(ResponseWriter other) noexcept;
  ~ResponseWriter();

  // The whole answer. Content-Length is added.
  void send(int status, Headers headers, Body body = {});

  // A streamed answer: begin, any number of writes, end. Trailers go out over HTTP/2 only.
  void begin(int status, Headers headers);
  void write(Bytes chunk);
  void write(std::string chunk) { write(bytes(std::move(chunk))); }
  void end(Headers trailers = {});
  // Ends the exchange as broken: resets the HTTP/2 stream, closes the HTTP/1.1 connection.
  void abort();

  // Bytes written and not yet handed to the socket or its TLS layer. A caller that sees this grow is ahead of the client.
  std::size_t buffered() const;
  // Called once on the reactor thread when at most `low_water` bytes are buffered (soon, when that is so already). The latest one counts.
  void on_writable(std::size_t low_water, std::function<void()> callback);
  // Called once on the reactor thread if the client goes away (or the server stops) before the answer is complete; at once if it has. The
  // latest one counts. Never called after the answer is complete.
  void on_cancel(std::function<void()> callback);
  bool cancelled() const;

  // HTTP/1.1 only: answers 101 and hands the connection over. `ready` gets nullptr when the client is gone or speaks HTTP/2
  // (then a normal answer is still possible).
  void upgrade(Headers headers, std::function<void(std::shared_ptr<Stream>)> ready);

  // The reactor of this connection, for timers.
  const std::shared_ptr<Reactor>& reactor() const;

 private:
  std::shared_ptr<detail::Exchange> exchange_;
};

using Handler = std::function<void(Request, ResponseWriter)>;

struct ServerOptions {
  std::string address = "127.0.0.1";  // or "unix:/path" (a socket file there is replaced)
  std::uint16_t port = 0;             // 0: any free one, see Server::port()
  std::optional<TlsServerOptions> tls;
  int threads = 1;  // reactors; connections are handed out in turn

  std::size_t max_body_bytes = 3 << 20;
  std::size_t max_header_bytes = 64 << 10;
  std::size_t max_headers = 256;
  std::size_t max_connections = 20'000;        // beyond it new ones are closed
  std::uint32_t max_streams_per_connection = 2'000;
  Duration idle_timeout = std::chrono::minutes(3);      // no request in flight
  Duration request_timeout = std::chrono::seconds(30);  // from the first byte (or connect, for the TLS handshake) to the complete request
  Duration write_timeout = std::chrono::seconds(60);    // a client that takes not one byte of a waiting answer for this long is cut off

  // Body and headers of the answers that the server itself gives (400, 408, 413, 431, 500, 503); the default is plain text.
  std::function<std::pair<Headers, std::string>(int status, std::string_view what)> error_answer;
  std::string name = "http";  // of the threads
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> start(ServerOptions options, Handler handler);
  ~Server();  // stop(0)

  std::uint16_t port() const;
  std::size_t connections() const;
  // Stops accepting, tells clients (GOAWAY, Connection: close), waits up to `grace` for requests in flight, closes the rest, joins the
  // threads. Long-running exchanges see their on_cancel when the grace is over. Not from a reactor thread.
  void stop(Duration grace);
  // Where a component may put its own timers; round-robin.
  const std::shared_ptr<Reactor>& reactor();

  struct Impl;

 private:
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumb::net
