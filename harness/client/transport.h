// The narrow way to an API server: a request and its whole response, or a request whose response arrives piece by piece until it ends
// or is cancelled. Everything that talks to Kubernetes goes through this; whoever has a faster way than a socket implements it.
//
// Safe from any thread. Callbacks run on the transport's own thread, must not block, and must not destroy the transport. An HTTP error status
// is a response; an Error means there was none (unreachable, TLS refused, timed out, cancelled).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/clock.h"
#include "harness/base/result.h"
#include "harness/client/kubeconfig.h"

namespace plumb::client {

using Headers = std::vector<std::pair<std::string, std::string>>;  // names in lower case

// The value of the first header of that name (lower case), or "".
std::string_view header(const Headers& headers, std::string_view name);

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query, as sent
  Headers headers;
  std::string body;
  Duration timeout{};  // for the whole exchange; zero: none
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;
};

// on_headers once, on_data any number of times, on_end once and last, whatever happened. After on_data answered `false` nothing
// more is delivered until Stream::resume (what was delivered counts as taken).
struct StreamCallbacks {
  std::function<void(int status, const Headers& headers)> on_headers;
  std::function<bool(std::string_view data)> on_data;
  std::function<void(Status)> on_end;
};

class Stream {
 public:
  // Cancels; on return no callback runs, or ever will. Not to be called from a callback of this stream.
  virtual ~Stream() = default;
  virtual void resume() = 0;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // `done` is called exactly once.
  virtual void send_async(Request request, std::function<void(Result<Response>)> done) = 0;
  virtual std::unique_ptr<Stream> open(Request request, StreamCallbacks callbacks) = 0;

  // Blocks; not for a callback.
  Result<Response> send(Request request);
};

// HTTP/1.1 or, over TLS, HTTP/2 by libcurl on one thread of its own, connections kept and shared; credentials and TLS as `config` says.
// Runs the exec plug-in, if there is one, before it returns.
Result<std::unique_ptr<Transport>> make_curl_transport(const Config& config);

}  // namespace plumb::client
