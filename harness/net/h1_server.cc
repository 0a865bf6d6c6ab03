// HTTP/1.1 on the server's side: one request at a time, answers in order.
#include <array>
#include <charconv>

#include "harness/net/h1_parser.h"
#include "harness/net/server_connection.h"

namespace plumb::net::detail {

namespace {

constexpr std::size_t kPipelined = 64 << 10;  // bytes of later requests that are kept while one is answered

class H1Server final : public ServerProtocol, public ExchangeCarrier, private H1Parser::Sink {
 public:
  explicit H1Server(ServerConnection& connection) : connection_(connection), channel_(*connection.channel()) { next_request(); }

  Status on_bytes(std::string_view data) override {
    if (closing_) return {};
    if (exchange_) {
      rest_.append(data);
      if (rest_.size() > kPipelined) channel_.pause();
      return {};
    }
    if (rest_.empty()) {
      const std::size_t used = parse(data);
      if (!upgraded_) rest_.append(data.substr(used));
    } else {
      rest_.append(data);
      parse_rest();
    }
    return {};
  }

  void on_eof() override {
    eof_ = true;
    // An answer that is complete is still sent; else there is nobody to make it for.
    if (!exchange_) return channel_.close_after_flush();
    if (!exchange_->body.ended) {
      const auto exchange = std::move(exchange_);
      exchange->client_gone();
      channel_.close({});
    }
  }

  Status on_room() override {
    if (exchange_ && exchange_->status) pump();
    return {};
  }

  void on_closed() override {
    if (const auto exchange = std::move(exchange_)) exchange->client_gone();
  }

  bool idle() const override { return !exchange_ && !receiving() && channel_.waiting() == 0; }
  bool receiving() const override { return !exchange_ && !closing_ && (parser_->started() || !rest_.empty()); }
  void timed_out() override { refuse(408, "the request did not arrive in time"); }
  void drain() override {
    draining_ = true;
    if (!exchange_) close_soon();
  }

  void answer_begins(Exchange& exchange) override {
    std::string& out = channel_.out();
    write_head(out, exchange);
    pump();
    channel_.flush_soon();
  }
  void answer_continues(Exchange&) override { channel_.flush_soon(); }
  void answer_breaks(Exchange&) override {
    exchange_ = nullptr;
    channel_.close(fail(Code::internal, "the answer broke off"));
  }
  std::shared_ptr<Stream> answer_upgrades(Exchange& exchange) override {
    if (!http_1_1_ || closing_) return nullptr;
    const auto keep = connection_.shared_from_this();
    std::string head = "HTTP/1.1 101 Switching Protocols\r\n";
    for (const auto& [name, value] : exchange.headers) append_field(head, name, value);
    head += "\r\n";
    channel_.send(head);
    upgraded_ = true;
    return hand_over();
  }

 private:
  std::shared_ptr<Stream> hand_over() {
    // While the parser runs, what it has not used is only known when it returns.
    const auto stream = connection_.hand_over(parsing_ ? std::string(unparsed_) : std::move(rest_));
    exchange_ = nullptr;
    return stream;
  }

  void next_request() {
    parser_ = new_request_parser(*this, connection_.shared().options.max_header_bytes);
    request_ = Request();
  }

  // Takes requests out of `data` until one is under way; how many bytes that took.
  std::size_t parse(std::string_view data) {
    const auto keep = connection_.shared_from_this();
    std::size_t used = 0;
    while (!exchange_ && !closing_ && !upgraded_ && used < data.size()) {
      auto result = parser_->parse(data.substr(used));
      if (!result) {
        refuse(result.error().http_status ? result.error().http_status : 400, result.error().message);
        return data.size();
      }
      used += *result;
      if (!parser_->done()) break;
      unparsed_ = data.substr(used);
      parsing_ = true;
      dispatch();
      parsing_ = false;
    }
    return used;
  }

  void parse_rest() {
    const std::string data = std::exchange(rest_, {});
    const std::size_t used = parse(data);
    if (!upgraded_) rest_.insert(0, data, used);
  }

  void dispatch() {
    keep_alive_ = parser_->keep_alive() && !draining_ && !connection_.shared().draining;
    http_1_1_ = parser_->http_1_1();
    head_only_ = request_.method == "HEAD";
    request_.version = http_1_1_ ? Version::http_1_1 : Version::http_1_0;
    request_.peer = connection_.peer();
    exchange_ = std::make_shared<Exchange>(connection_.reactor(), *this, 0);
    Request request = std::move(request_);
    next_request();
    connection_.shared().handler(std::move(request), ResponseWriter(exchange_));
  }

  void refuse(int status, const std::string& what) {
    if (closing_) return;
    auto [headers, text] = connection_.shared().error_answer(status, what);
    std::string head = "HTTP/1.1 " + std::to_string(status) + " " + std::string(reason_phrase(status)) + "\r\n";
    for (const auto& [name, value] : headers) append_field(head, name, value);
    append_field(head, "Content-Length", std::to_string(text.size()));
    append_field(head, "Connection", "close");
    head += "\r\n";
    channel_.send(head);
    channel_.send(text);
    close_soon();
  }

  // Closes when all is sent, with a moment for the client to read it: closing while its bytes are still arriving resets the connection.
  void close_soon() {
    closing_ = true;
    if (eof_ || (!parser_->started() && rest_.empty())) return channel_.close_after_flush();
    channel_.shutdown_write();
    connection_.reactor()->after(std::chrono::seconds(1), [weak = connection_.weak_from_this()] {
      if (const auto connection = weak.lock()) connection->close({});
    });
  }

  static void append_field(std::string& out, std::string_view name, std::string_view value) {
    if (name.find_first_of("\r\n") != name.npos || value.find_first_of("\r\n") != value.npos) return;  // would forge a header
    out.append(name).append(": ").append(value).append("\r\n");
  }

  void write_head(std::string& out, Exchange& exchange) {
    const int status = exchange.status;
    out.append("HTTP/1.1 ");
    std::array<char, 16> digits;
    out.append(digits.data(), std::to_chars(digits.data(), digits.end(), status).ptr);
    out.append(" ").append(reason_phrase(status)).append("\r\n");
    for (const auto& [name, value] : exchange.headers) {
      if (same_name(name, "Content-Length") && exchange.whole && !head_only_) continue;
      if (same_name(name, "Connection") && same_name(value, "close")) keep_alive_ = false;
      else append_field(out, name, value);
    }
    bodyless_ = head_only_ || status == 204 || status == 304 || status < 200;
    const bool sized = exchange.headers.has("Content-Length");
    chunked_ = false;
    if (exchange.whole) {
      if (!(head_only_ && sized) && status != 204 && status >= 200 && !(status == 304 && exchange.length == 0))
        append_field(out, "Content-Length", {digits.data(), std::to_chars(digits.data(), digits.end(), exchange.length).ptr});
    } else if (!sized && status != 204 && status != 304) {
      chunked_ = http_1_1_;
      if (chunked_) append_field(out, "Transfer-Encoding", "chunked");
      else keep_alive_ = false;
    }
    if (!keep_alive_) append_field(out, "Connection", "close");
    else if (!http_1_1_) append_field(out, "Connection", "keep-alive");
    out.append("\r\n");
  }

  // Moves the body into the channel while there is room.
  void pump() {
    const auto exchange = exchange_;
    OutgoingBody& body = exchange->body;
    if (bodyless_) body.queue.clear();
    std::string& out = channel_.out();
    while (body.queue.size() && !channel_.full()) {
      const std::size_t part = std::min<std::size_t>(body.queue.size(), 32 << 10);
      if (chunked_) {
        std::array<char, 16> digits;
        out.append(digits.data(), std::to_chars(digits.data(), digits.end(), part, 16).ptr).append("\r\n");
      }
      body.queue.take(out, part);
      if (chunked_) out.append("\r\n");
    }
    body.queue.drained(*exchange->reactor);
    if (body.queue.size() || !body.ended) return;
    if (chunked_ && !bodyless_) out.append("0\r\n\r\n");
    exchange_ = nullptr;
    exchange->finish();
    if (!keep_alive_ || eof_ || draining_) return close_soon();
    if (rest_.empty() || parsing_) return;
    // The next request came already; taken up in a later turn, so that a flood of small ones does not nest.
    connection_.reactor()->post([this, keep = connection_.shared_from_this()] {
      if (!exchange_ && !closing_ && !upgraded_ && channel_.open()) parse_rest();
      channel_.resume();
    });
  }

  void on_request_line(std::string_view method, std::string_view target) override {
    request_.method = method;
    if (target.starts_with("http://") || target.starts_with("https://")) {
      const std::size_t slash = target.find('/', target.find("://") + 3);
      target = slash == target.npos ? "/" : target.substr(slash);
    }
    const std::size_t mark = target.find('?');
    request_.path = target.substr(0, mark);
    if (mark != target.npos) request_.query = target.substr(mark + 1);
  }
  void on_status(int) override {}
  void on_field(std::string_view name, std::string_view value) override { request_.headers.add(std::string(name), std::string(value)); }
  Status on_header(std::optional<std::uint64_t> length) override {
    const ServerOptions& options = connection_.shared().options;
    if (request_.headers.size() > options.max_headers) return refused(431, "too many header fields");
    if (length && *length > options.max_body_bytes) return refused(413, "the request body is too large");
    if (parser_->http_1_1() && request_.headers.has_token("Expect", "100-continue")) channel_.send("HTTP/1.1 100 Continue\r\n\r\n");
    if (length) request_.body.reserve(*length);
    return {};
  }
  Status on_body(std::string_view data) override {
    if (request_.body.size() + data.size() > connection_.shared().options.max_body_bytes) return refused(413, "the request body is too large");
    request_.body.append(data);
    return {};
  }
  static Error refused(int status, const char* what) {
    Error error = fail(Code::invalid_argument, what);
    error.http_status = status;
    return error;
  }

  ServerConnection& connection_;
  Channel& channel_;
  std::unique_ptr<H1Parser> parser_;
  Request request_;
  std::shared_ptr<Exchange> exchange_;
  std::string rest_;
  std::string_view unparsed_;
  bool keep_alive_ = true, http_1_1_ = true, head_only_ = false, bodyless_ = false, chunked_ = false;
  bool parsing_ = false, closing_ = false, draining_ = false, eof_ = false, upgraded_ = false;
};

}  // namespace

std::unique_ptr<ServerProtocol> new_h1_server(ServerConnection& connection) { return std::make_unique<H1Server>(connection); }

}  // namespace plumb::net::detail
