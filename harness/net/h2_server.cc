// HTTP/2 on the server's side.
#include <unordered_map>

#include "harness/net/h2_session.h"
#include "harness/net/server_connection.h"

namespace plumb::net::detail {

namespace {

constexpr std::uint32_t kStreamWindow = 1 << 20;
constexpr std::uint32_t kConnectionWindow = 8 << 20;

class H2Server final : public ServerProtocol, public ExchangeCarrier, private H2Session::Events {
 public:
  explicit H2Server(ServerConnection& connection)
      : connection_(connection), channel_(*connection.channel()), session_(connection.channel(), *this, settings(connection.shared().options)) {}

  Status on_bytes(std::string_view data) override {
    const Status status = session_.receive(data);
    dispatch();
    return status;
  }
  void on_eof() override { channel_.close({}); }
  Status on_room() override {
    const Status status = session_.fill();
    if (status.ok() && channel_.open() && (session_.finished() || (draining_ && streams_.empty()))) channel_.close_after_flush();
    return status;
  }
  void on_closed() override {
    auto streams = std::move(streams_);
    streams_.clear();
    for (auto& [id, stream] : streams)
      if (stream.exchange) stream.exchange->client_gone();
  }
  bool idle() const override { return streams_.empty(); }
  bool receiving() const override { return arriving_ > 0; }
  void timed_out() override { channel_.close(fail(Code::deadline_exceeded, "the request did not arrive in time")); }
  void drain() override {
    if (std::exchange(draining_, true)) return;
    session_.goaway();
  }

  void answer_begins(Exchange& exchange) override {
    const auto found = streams_.find(exchange.id);
    if (found == streams_.end()) return;
    const std::string status = std::to_string(exchange.status);
    const std::string length = std::to_string(exchange.length);
    const bool bodyless = found->second.head_only || exchange.status == 204 || exchange.status == 304;
    std::vector<std::string> names;
    names.reserve(exchange.headers.size());
    std::vector<H2Session::Field> fields = {{":status", status}};
    for (const auto& [name, value] : exchange.headers) {
      if (same_name(name, "connection") || same_name(name, "keep-alive") || same_name(name, "transfer-encoding") || same_name(name, "upgrade") ||
          (exchange.whole && !found->second.head_only && same_name(name, "content-length")))
        continue;
      std::string& lower = names.emplace_back(name);
      for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      fields.push_back({lower, value});
    }
    if (exchange.whole && exchange.status != 204 && exchange.status != 304 && !exchange.headers.has("content-length"))
      fields.push_back({"content-length", length});
    if (bodyless) exchange.body.queue.clear();
    session_.respond(exchange.id, fields, !bodyless && !(exchange.whole && exchange.length == 0));
  }
  void answer_continues(Exchange& exchange) override { session_.more_body(exchange.id, exchange.body); }
  void answer_breaks(Exchange& exchange) override { session_.reset(exchange.id, kH2Internal); }
  std::shared_ptr<Stream> answer_upgrades(Exchange&) override { return nullptr; }

 private:
  struct Incoming {
    Request request;
    std::shared_ptr<Exchange> exchange;  // once dispatched or refused
    std::size_t header_bytes = 0;
    int refusal = 0;
    bool head_only = false;
    bool arriving = true;
  };

  static H2Session::Settings settings(const ServerOptions& options) {
    return {true, options.max_streams_per_connection, kStreamWindow, kConnectionWindow, static_cast<std::uint32_t>(options.max_header_bytes)};
  }

  void h2_begin(std::int32_t id) override {
    streams_[id].request.version = Version::http_2;
    ++arriving_;
  }
  void h2_field(std::int32_t id, std::string_view name, std::string_view value) override {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    Incoming& stream = found->second;
    stream.header_bytes += name.size() + value.size() + 32;
    const ServerOptions& options = connection_.shared().options;
    if (stream.header_bytes > options.max_header_bytes || stream.request.headers.size() >= options.max_headers) {
      stream.refusal = 431;
      return;
    }
    Request& request = stream.request;
    if (name == ":method") request.method = value;
    else if (name == ":path") {
      const std::size_t mark = value.find('?');
      request.path = value.substr(0, mark);
      if (mark != value.npos) request.query = value.substr(mark + 1);
    } else if (name == ":authority") request.headers.set("host", std::string(value));
    else if (!name.starts_with(':')) request.headers.add(std::string(name), std::string(value));
  }
  void h2_header_end(std::int32_t id, bool end_stream) override {
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second.exchange) return;
    if (end_stream || found->second.refusal) complete(id, found->second);
  }
  void h2_data(std::int32_t id, std::string_view data) override {
    session_.consume_connection(data.size());
    session_.consume_stream(id, data.size());
    const auto found = streams_.find(id);
    if (found == streams_.end() || found->second.exchange) return;
    Incoming& stream = found->second;
    const std::size_t limit = connection_.shared().options.max_body_bytes;
    body_bytes_ += data.size();
    // Many half-sent bodies on one connection are not how a client behaves.
    if (body_bytes_ > 16 * limit + (16 << 20)) {
      session_.reset(id, kH2Calm);
      return;
    }
    stream.request.body.append(data);
    if (stream.request.body.size() <= limit) return;
    stream.refusal = 413;
    complete(id, stream);
  }
  void h2_data_end(std::int32_t id) override {
    const auto found = streams_.find(id);
    if (found != streams_.end() && !found->second.exchange) complete(id, found->second);
  }
  void h2_closed(std::int32_t id, std::uint32_t) override {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    settle(found->second);
    const auto exchange = std::move(found->second.exchange);
    streams_.erase(found);
    if (!exchange) return;
    if (exchange->status && exchange->body.ended && exchange->body.queue.size() == 0) exchange->finish();
    else gone_.push_back(exchange), after_turn();
  }
  OutgoingBody* h2_body(std::int32_t id) override {
    const auto found = streams_.find(id);
    return found == streams_.end() || !found->second.exchange ? nullptr : &found->second.exchange->body;
  }
  void h2_goaway(std::int32_t) override {}
  void h2_ping_ack() override {}

  void settle(Incoming& stream) {
    if (!std::exchange(stream.arriving, false)) return;
    --arriving_;
    body_bytes_ -= std::min(body_bytes_, stream.request.body.size());
  }

  void complete(std::int32_t id, Incoming& stream) {
    settle(stream);
    stream.head_only = stream.request.method == "HEAD";
    stream.exchange = std::make_shared<Exchange>(connection_.reactor(), *this, id);
    ready_.push_back(id);
  }

  // Handlers and cancel hooks run outside of nghttp2's callbacks, whose session they may use.
  void dispatch() {
    const auto keep = connection_.shared_from_this();
    for (std::size_t i = 0; i < ready_.size() && channel_.open(); ++i) {
      const auto found = streams_.find(ready_[i]);
      if (found == streams_.end()) continue;
      Incoming& stream = found->second;
      ResponseWriter writer(stream.exchange);
      if (stream.refusal) {
        auto [headers, text] = connection_.shared().error_answer(
            stream.refusal, stream.refusal == 413 ? "the request body is too large" : "the request header is too large");
        stream.request = Request();
        writer.send(stream.refusal, std::move(headers), std::move(text));
        continue;
      }
      Request request = std::move(stream.request);
      request.peer = connection_.peer();
      connection_.shared().handler(std::move(request), std::move(writer));
    }
    ready_.clear();
    tell_gone();
  }
  void tell_gone() {
    for (const auto& exchange : std::exchange(gone_, {})) exchange->client_gone();
  }
  void after_turn() {
    if (gone_.size() != 1) return;
    connection_.reactor()->post([this, keep = connection_.shared_from_this()] { tell_gone(); });
  }

  ServerConnection& connection_;
  Channel& channel_;
  H2Session session_;
  std::unordered_map<std::int32_t, Incoming> streams_;
  std::vector<std::int32_t> ready_;
  std::vector<std::shared_ptr<Exchange>> gone_;
  std::size_t arriving_ = 0, body_bytes_ = 0;
  bool draining_ = false;
};

}  // namespace

std::unique_ptr<ServerProtocol> new_h2_server(ServerConnection& connection) { return std::make_unique<H2Server>(connection); }

}  // namespace plumb::net::detail
