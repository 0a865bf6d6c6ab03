#include "harness/load/transport.h"

#include <fstream>
#include <mutex>
#include <sstream>

#include "harness/base/encoding.h"
#include "harness/net/client.h"

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
  Http2LoadTransport(std::shared_ptr<net::HttpClient> client, std::string prefix, net::Headers headers, LoadTransportOptions options)
      : client_(std::move(client)), prefix_(std::move(prefix)), headers_(std::move(headers)), options_(options) {}

  std::function<void()> send(client::Request request, LoadCallbacks callbacks) override {
    const bool endless = static_cast<bool>(callbacks.data);
    auto exchange = std::make_shared<Exchange>(std::move(callbacks));
    net::ClientRequest out;
    out.method = std::move(request.method);
    out.target = prefix_ + request.target;
    out.headers = headers_;
    for (auto& [name, value] : request.headers) out.headers.set(std::move(name), std::move(value));
    out.body = net::Body(std::move(request.body));
    out.timeout = request.timeout > Duration::zero() || endless ? request.timeout : options_.timeout;
    exchange->started(client_->stream(std::move(out), callbacks_for(exchange)));
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

  const std::shared_ptr<net::HttpClient> client_;
  const std::string prefix_;
  const net::Headers headers_;
  const LoadTransportOptions options_;
};

Result<std::string> token_of(const client::Credentials& user) {
  if (user.token_file.empty()) return user.token;
  std::ifstream file(user.token_file);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return fail(Code::not_found, "reading the token file " + user.token_file + ": it cannot be read; check the kubeconfig's tokenFile");
  return std::string(trim(text.str()));
}

Result<net::Headers> headers_for(const client::Credentials& user) {
  net::Headers headers{{"user-agent", "plumb"}, {"accept", "application/json"}};
  const std::string token = PLUMB_TRY(token_of(user));
  if (!token.empty()) headers.set("authorization", "Bearer " + token);
  else if (!user.username.empty()) headers.set("authorization", "Basic " + base64_encode(user.username + ":" + user.password));
  if (!user.impersonate_user.empty()) headers.set("impersonate-user", user.impersonate_user);
  if (!user.impersonate_uid.empty()) headers.set("impersonate-uid", user.impersonate_uid);
  for (const auto& group : user.impersonate_groups) headers.add("impersonate-group", group);
  for (const auto& [key, values] : user.impersonate_extra) {
    for (const auto& value : values) headers.add("impersonate-extra-" + url_encode(key), value);
  }
  return headers;
}

}  // namespace

Result<std::unique_ptr<LoadTransport>> make_load_transport(const client::Config& config, const LoadTransportOptions& options) {
  if (!config.proxy_url.empty()) {
    return fail(Code::unsupported, "connecting to " + config.server + ": load does not go through a proxy; use a kubeconfig without proxy-url");
  }
  const net::Url url = PLUMB_TRY(net::parse_url(config.server));
  const client::Credentials user = PLUMB_TRY(client::resolve_exec(config.user));
  net::ClientOptions client_options;
  client_options.endpoint = url.endpoint;
  client_options.http2_connections = options.connections;
  if (url.tls) {
    client_options.tls = net::TlsClientOptions{.ca_pem = config.ca,
                                               .certificate_pem = user.client_certificate,
                                               .key_pem = user.client_key,
                                               .server_name = config.tls_server_name,
                                               .insecure_skip_verify = config.insecure};
  } else {
    client_options.protocol = net::ClientOptions::Protocol::http_2;
  }
  auto client = PLUMB_TRY(net::HttpClient::create(std::move(client_options)));
  auto headers = PLUMB_TRY(headers_for(user));
  std::string prefix = url.target == "/" ? "" : url.target;
  return std::unique_ptr<LoadTransport>(std::make_unique<Http2LoadTransport>(std::move(client), std::move(prefix), std::move(headers), options));
}

}  // namespace plumb::harness
