// HTTP/2 on the client's side.
#include <charconv>
#include <unordered_map>

#include "harness/base/encoding.h"
#include "harness/net/client_pool.h"
#include "harness/net/h2_session.h"

namespace plumb::net::detail {

namespace {

constexpr Duration kPingTimeout = std::chrono::seconds(15);
constexpr std::int32_t kLastStreamId = 0x7ffff000;  // before they run out

class H2Client final : public ClientConnection, public H2Session::Events {
 public:
  using ClientConnection::ClientConnection;

  void on_ready() override {
    const ClientOptions& options = pool_->options;
    session_.emplace(channel, *this,
                     H2Session::Settings{false, 0, options.stream_window, options.connection_window, static_cast<std::uint32_t>(options.max_header_bytes)});
    last_heard_ = std::chrono::steady_clock::now();
  }

  void take(std::shared_ptr<CallState> call) override {
    const ClientRequest& request = call->request;
    const ClientOptions& options = pool_->options;
    const std::string authority = request.headers.has("host") ? std::string(request.headers.get("host"))
                                  : options.endpoint.is_unix() ? options.endpoint.host
                                                               : options.endpoint.text();
    std::vector<std::string> names;
    names.reserve(request.headers.size());
    std::vector<H2Session::Field> fields = {
        {":method", request.method}, {":scheme", options.tls ? "https" : "http"}, {":authority", authority}, {":path", request.target}};
    for (const auto& [name, value] : request.headers) {
      if (same_name(name, "host") || same_name(name, "connection") || same_name(name, "transfer-encoding") || same_name(name, "upgrade") ||
          same_name(name, "keep-alive"))
        continue;
      std::string& lower = names.emplace_back(name);
      for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      fields.push_back({lower, value});
    }
    const std::string length = std::to_string(request.body.size());
    if (!request.stream_body && !request.body.empty()) fields.push_back({"content-length", length});
    const std::int32_t id = session_->request(fields, request.stream_body || !request.body.empty());
    if (id < 0) return call->fail_with(fail(Code::unavailable, "HTTP/2 to " + options.endpoint.text() + ": no further stream"));
    call->id = id;
    call->connection = this;
    call->version = Version::http_2;
    calls_[id] = std::move(call);
    if (id >= kLastStreamId) going_ = true, pool_->retire(*this);
  }
  std::size_t room() const override {
    if (going_ || !channel->open()) return 0;
    const std::size_t limit = session_->remote_max_streams();
    return limit > calls_.size() ? limit - calls_.size() : 0;
  }
  std::size_t calls() const override { return calls_.size(); }
  void drop(CallState& call) override {
    const auto found = calls_.find(call.id);
    if (found == calls_.end()) return;
    give_back(call);
    calls_.erase(found);
    session_->reset(call.id, kH2Cancel);
    after_call();
  }
  void body_grows(CallState& call) override { session_->more_body(call.id, call.body); }
  void pause_changed(CallState& call) override {
    if (!call.paused) give_back(call);
  }
  void tick(Instant now) override {
    if (channel->received() != heard_) {
      heard_ = channel->received();
      last_heard_ = now;
      pinged_ = false;
    }
    const Duration interval = pool_->options.ping_interval;
    if (interval == Duration::zero()) return;
    if (pinged_ && now - pinged_at_ > kPingTimeout)
      return channel->close(fail(Code::unavailable, "HTTP/2 to " + pool_->options.endpoint.text() + ": the server answers no ping"));
    if (pinged_ || now - last_heard_ < interval) return;
    pinged_ = true;
    pinged_at_ = now;
    session_->ping();
  }

  void on_bytes(std::string_view data) override {
    const auto keep = shared_from_this();
    const Status status = session_->receive(data);
    pump_if_due();
    if (!status.ok()) channel->close(status);
  }
  void on_eof() override { channel->close(fail(Code::unavailable, "the server closed the connection")); }
  void on_room() override {
    const auto keep = shared_from_this();
    const Status status = session_->fill();
    if (!status.ok()) return channel->close(status);
    if (pump_due_) channel->reactor()->post([this, keep] { pump_if_due(); });
    if (session_->finished() || (going_ && calls_.empty())) channel->close_after_flush();
  }
  void on_closed(const Status& status) override {
    const auto keep = shared_from_this();
    going_ = true;
    const Error error = status.ok() ? fail(Code::unavailable, "the connection closed") : status.error();
    auto calls = std::exchange(calls_, {});
    for (auto& [id, call] : calls) {
      call->connection = nullptr;
      call->fail_with(error.in(describe(*call)));
    }
    pool_->gone(*this);
  }

 private:
  std::string describe(const CallState& call) const { return call.request.method + " " + pool_->options.endpoint.text() + call.request.target; }

  std::shared_ptr<CallState> find(std::int32_t id) const {
    const auto found = calls_.find(id);
    return found == calls_.end() ? nullptr : found->second;
  }
  void give_back(CallState& call) {
    if (const std::size_t size = std::exchange(call.unconsumed, 0)) session_->consume_stream(call.id, size);
  }
  void after_call() {
    if (going_ && calls_.empty()) channel->flush_soon();
    else if (!going_) wants_pump();
  }
  void wants_pump() {
    pump_due_ = true;
    channel->flush_soon();
  }
  // Starting further requests waits until nghttp2's callbacks have returned.
  void pump_if_due() {
    if (std::exchange(pump_due_, false)) pool_->pump();
  }

  void h2_begin(std::int32_t) override {}
  void h2_field(std::int32_t id, std::string_view name, std::string_view value) override {
    const auto call = find(id);
    if (!call) return;
    call->header_bytes += name.size() + value.size() + 32;
    if (call->header_bytes > 2 * pool_->options.max_header_bytes) {
      call->fail_with(fail(Code::resource_exhausted, describe(*call) + ": the response header is too large"));
    } else if (call->header_done) {
      if (!name.starts_with(':')) call->trailers.add(std::string(name), std::string(value));
    } else if (name == ":status") {
      call->status = static_cast<int>(parse_int(value).value_or(0));
    } else {
      call->headers.add(std::string(name), std::string(value));
    }
  }
  void h2_header_end(std::int32_t id, bool end_stream) override {
    const auto call = find(id);
    if (!call) return;
    if (!call->header_done && call->status < 200) {
      call->headers = Headers();
      return;
    }
    if (!call->header_done) {
      call->header_done = true;
      if (call->callbacks.on_headers) call->callbacks.on_headers(call->status, call->headers);
    }
    if (end_stream) complete(call);
  }
  void h2_data(std::int32_t id, std::string_view data) override {
    session_->consume_connection(data.size());
    const auto call = find(id);
    if (!call) return;
    if (call->paused) call->unconsumed += data.size();
    else session_->consume_stream(id, data.size());
    if (!call->callbacks.on_data) return;
    const auto callback = call->callbacks.on_data;
    callback(data);
  }
  void h2_data_end(std::int32_t id) override {
    if (const auto call = find(id)) complete(call);
  }
  void h2_closed(std::int32_t id, std::uint32_t error_code) override {
    const auto call = find(id);
    if (!call) return;
    calls_.erase(id);
    call->connection = nullptr;
    Error error = fail(Code::unavailable, describe(*call) + ": the server reset the stream: " + h2_error_name(error_code), h2_error_name(error_code));
    if (error_code == kH2Refused) pool_->retry(call, std::move(error));
    else call->fail_with(std::move(error));
    after_call();
  }
  void complete(const std::shared_ptr<CallState>& call) {
    calls_.erase(call->id);
    call->connection = nullptr;
    // An answer before the end of the request: the rest of the request is not wanted.
    if (call->body.queue.size() || !call->body.ended) session_->reset(call->id, kH2NoError);
    call->finish();
    after_call();
  }
  OutgoingBody* h2_body(std::int32_t id) override {
    const auto found = calls_.find(id);
    return found == calls_.end() ? nullptr : &found->second->body;
  }
  void h2_goaway(std::int32_t last_id) override {
    going_ = true;
    pool_->retire(*this);
    std::vector<std::shared_ptr<CallState>> unprocessed;
    for (const auto& [id, call] : calls_)
      if (id > last_id) unprocessed.push_back(call);
    for (const auto& call : unprocessed) {
      calls_.erase(call->id);
      call->connection = nullptr;
      pool_->retry(call, fail(Code::unavailable, describe(*call) + ": the server is going away"));
    }
    channel->flush_soon();
  }
  void h2_ping_ack() override { pinged_ = false; }

  std::optional<H2Session> session_;
  std::unordered_map<std::int32_t, std::shared_ptr<CallState>> calls_;
  Instant last_heard_, pinged_at_;
  std::uint64_t heard_ = 0;
  bool going_ = false, pinged_ = false, pump_due_ = false;
};

}  // namespace

std::shared_ptr<ClientConnection> new_h2_client(std::shared_ptr<ClientPool> pool) { return std::make_shared<H2Client>(std::move(pool)); }

}  // namespace plumb::net::detail
