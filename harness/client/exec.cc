#include "harness/client/exec.h"

#include <future>
#include <mutex>
#include <nlohmann/json.hpp>

#include "harness/base/encoding.h"
#include "harness/client/http_access.h"
#include "harness/client/rest.h"
#include "harness/net/websocket.h"

namespace plumb::client {
namespace {

namespace ws = net::websocket;
using Json = nlohmann::json;

constexpr const char* v5 = "v5.channel.k8s.io";
constexpr const char* v4 = "v4.channel.k8s.io";
constexpr std::size_t max_output = 64 << 20;
enum Channel : char { channel_in = 0, channel_out = 1, channel_err = 2, channel_status = 3, channel_close = static_cast<char>(255) };

// The Status that ends an exec: an exit code, or why there is none.
Result<int> exit_code_of(const std::string& text) {
  const Json status = Json::parse(text, nullptr, false);
  if (!status.is_object()) return fail(Code::internal, "the end of the command is not told as a Status: " + text.substr(0, 200));
  if (status.value("status", "") == "Success") return 0;
  if (status.value("reason", "") == "NonZeroExitCode") {
    for (const Json& cause : status.value(Json::json_pointer("/details/causes"), Json::array())) {
      if (cause.value("reason", "") != "ExitCode") continue;
      if (const auto code = parse_int(cause.value("message", ""))) return static_cast<int>(*code);
    }
  }
  return fail(Code::internal, "the command could not be run: " + status.value("message", text.substr(0, 200)), status.value("reason", ""));
}

// What comes back from one command. Fed on the reactor, waited for by the caller.
class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(std::shared_ptr<net::Stream> stream) : stream_(std::move(stream)) {}

  Result<ExecResult> run(const std::string& protocol, const ExecOptions& options) {
    auto ended = ended_.get_future();
    stream_->start({.on_data = [self = shared_from_this()](std::string_view data) { self->take(data); },
                    .on_eof = [self = shared_from_this()] { self->finish(fail(Code::unavailable, "the connection ended before the command had")); },
                    .on_close = [self = shared_from_this()](const Status& how) {
                      self->finish(how.ok() ? fail(Code::unavailable, "the connection closed before the command had ended") : how.error());
                    }});
    if (!options.input.empty()) send_input(options.input);
    const bool in_time = ended.wait_for(options.timeout) == std::future_status::ready;
    if (!in_time) finish(fail(Code::deadline_exceeded, "the command did not end within " + std::to_string(options.timeout / std::chrono::seconds(1)) + " s"));
    const Result<int> code = ended.get();
    stream_->close();
    if (!code.ok()) return code.error();
    return ExecResult{*code, std::move(out_), std::move(err_), protocol};
  }

 private:
  void send(Channel channel, std::string_view data) {
    std::string payload(1, static_cast<char>(channel));
    stream_->write(ws::encode(ws::Role::client, ws::Opcode::binary, payload.append(data)));
  }
  void send_input(const std::string& input) {
    constexpr std::size_t chunk = 32 << 10;
    for (std::size_t at = 0; at < input.size(); at += chunk) send(channel_in, std::string_view(input).substr(at, chunk));
    send(channel_close, std::string_view("\0", 1));
  }

  void take(std::string_view data) {
    if (finished_) return;
    decoder_.feed(data);
    while (!finished_) {
      auto message = decoder_.next();
      if (!message.ok()) return finish(message.error());
      if (!message->has_value()) return;
      if ((*message)->opcode == ws::Opcode::ping) stream_->write(ws::encode(ws::Role::client, ws::Opcode::pong, (*message)->payload));
      if ((*message)->opcode == ws::Opcode::close) {
        return finish(fail(Code::unavailable, "the server closed the stream before the command had ended: " + (*message)->payload));
      }
      if ((*message)->opcode == ws::Opcode::binary || (*message)->opcode == ws::Opcode::text) accept((*message)->payload);
    }
  }
  void accept(const std::string& payload) {
    if (payload.empty()) return;
    const std::string_view rest = std::string_view(payload).substr(1);
    if (out_.size() + err_.size() + rest.size() > max_output) return finish(fail(Code::resource_exhausted, "the command's output is longer than 64 MB"));
    switch (payload[0]) {
      case channel_out: out_ += rest; break;
      case channel_err: err_ += rest; break;
      case channel_status: finish(exit_code_of(std::string(rest))); break;
      default: break;
    }
  }
  void finish(Result<int> how) {
    if (!finished_.exchange(true)) ended_.set_value(std::move(how));
  }

  const std::shared_ptr<net::Stream> stream_;
  ws::Decoder decoder_{ws::Role::client};
  std::string out_, err_;  // the caller's once `ended_` is set
  std::atomic<bool> finished_ = false;
  std::promise<Result<int>> ended_;
};

std::string target_for(const std::string& path, const std::vector<std::string>& command, const ExecOptions& options) {
  std::string target = path + "?stdout=true&stderr=true";
  if (!options.container.empty()) target += "&container=" + url_encode(options.container);
  if (!options.input.empty()) target += "&stdin=true";
  for (const std::string& word : command) target += "&command=" + url_encode(word);
  return target;
}

}  // namespace

Result<ExecResult> run_exec(const Config& config, const std::string& path, const std::vector<std::string>& command, const ExecOptions& options) {
  net::ClientOptions client_options;
  client_options.protocol = net::ClientOptions::Protocol::http_1_1;
  const HttpAccess access = PLUMB_TRY(make_http_access(config, std::move(client_options)));
  const std::string key = ws::random_key();
  net::ClientRequest request{.target = access.prefix + target_for(path, command, options), .headers = access.headers, .timeout = options.timeout};
  request.headers.set("connection", "Upgrade");
  request.headers.set("upgrade", "websocket");
  request.headers.set("sec-websocket-version", "13");
  request.headers.set("sec-websocket-key", key);
  request.headers.set("sec-websocket-protocol", options.input.empty() ? std::string(v5) + ", " + v4 : v5);
  const auto upgraded = PLUMB_TRY(access.client->upgrade(std::move(request)));
  if (upgraded.stream == nullptr) {
    if (!options.input.empty() && upgraded.response.status == 400) return fail(Code::unsupported, "exec " + path + ": the server does not speak " + v5 + ", which input needs");
    return error_of({upgraded.response.status, {}, upgraded.response.body}, "exec " + path);
  }
  const std::string protocol(upgraded.response.headers.get("sec-websocket-protocol"));
  if (upgraded.response.headers.get("sec-websocket-accept") != ws::accept_key(key) || (protocol != v5 && protocol != v4)) {
    upgraded.stream->close();
    return fail(Code::internal, "exec " + path + ": the server's handshake is not WebSocket with " + v5 + " or " + v4 + ", it chose \"" + protocol + "\"");
  }
  auto result = std::make_shared<Session>(upgraded.stream)->run(protocol, options);
  if (!result.ok()) return result.error().in("exec " + path);
  return result;
}

}  // namespace plumb::client
