#include "harness/load/transport.h"

#include <mutex>

#include "harness/client/http_access.h"

namespace plumb::harness {
namespace {

constexpr std::size_t longest_collected = 256 << 20;

// One request under way. The mutex guards `call`, which is set only after callbacks may already run on the reactor.
struct Exchange {
  explicit Exchange(LoadCallbacks the_callbacks) : callbacks(std::move(the_callbacks)) {}

  LoadCallbacks callbacks;
  client::Response response;
  bool ended = false;  // callbacks run on one reactor: no lock
  std::mutex mutex;
  net::Call call;
  bool cancel_wanted = false;

  void cancel() {
    net::Call now;
    {
      std::lock_guard lock(mutex);
      cancel_wanted = true;
      now = call;
    }
    if (now) now.cancel();
  }
  void started(net::Call the_call) {
    bool cancel_now = false;
    {
      std::lock_guard lock(mutex);
      call = the_call;
      cancel_now = cancel_wanted;
    }
    if (cancel_now) the_call.cancel();
  }
  void end(Result<client::Response> outcome) {
    if (std::exchange(ended, true)) return;
    const LoadCallbacks last = std::move(callbacks);
    callbacks = {};
    last.done(std::move(outcome));
  }
  void take(std::string_view data) {
    if (ended) return;
    if (!callbacks.data || response.status >= 300) {
      if (response.body.size() + data.size() > longest_collected) {
        end(fail(Code::resource_exhausted, "reading an answer: it is longer than 256 MB"));
        cancel();
      } else {
        response.body += data;
      }
    } else if (!callbacks.data(data)) {
      end(std::move(response));
      cancel();
    }
  }
};

class Http2LoadTransport final : public LoadTransport {
 public:
  Http2LoadTransport(client::HttpAccess access, LoadTransportOptions options) : access_(std::move(access)), options_(options) {}

  std::function<void()> send(client::Request request, LoadCallbacks callbacks) override {
    const bool endless = static_cast<bool>(callbacks.data);
    auto exchange = std::make_shared<Exchange>(std::move(callbacks));
    net::ClientRequest out;
    out.method = std::move(request.method);
    out.target = access_.prefix + request.target;
    out.headers = access_.headers;
    for (auto& [name, value] : request.headers) out.headers.set(std::move(name), std::move(value));
    out.body = net::Body(std::move(request.body));
    out.timeout = request.timeout > Duration::zero() || endless ? request.timeout : options_.timeout;
    exchange->started(access_.client->stream(std::move(out), callbacks_for(exchange)));
    return [exchange] { exchange->cancel(); };
  }

 private:
  static net::CallCallbacks callbacks_for(const std::shared_ptr<Exchange>& exchange) {
    return {.on_headers =
                [exchange](int status, const net::Headers&) {
                  exchange->response.status = status;
                  if (exchange->callbacks.first_byte) exchange->callbacks.first_byte();
                },
            .on_data = [exchange](std::string_view data) { exchange->take(data); },
            .on_end = [exchange](const net::Headers&) { exchange->end(std::move(exchange->response)); },
            .on_error = [exchange](const Error& error) { exchange->end(error); }};
  }

  const client::HttpAccess access_;
  const LoadTransportOptions options_;
};

}  // namespace

Result<std::unique_ptr<LoadTransport>> make_load_transport(const client::Config& config, const LoadTransportOptions& options) {
  net::ClientOptions client_options;
  client_options.http2_connections = options.connections;
  if (config.server.starts_with("http://")) client_options.protocol = net::ClientOptions::Protocol::http_2;
  auto access = PLUMB_TRY(client::make_http_access(config, std::move(client_options)));
  access.headers.set("accept", "application/json");
  return std::unique_ptr<LoadTransport>(std::make_unique<Http2LoadTransport>(std::move(access), options));
}

}  // namespace plumb::harness
