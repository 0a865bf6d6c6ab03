// HTTP/1.1 on the client's side: one call at a time on a connection.
#include "harness/net/client_pool.h"
#include "harness/net/h1_parser.h"
#include "harness/net/raw_stream.h"

namespace plumb::net::detail {

namespace {

bool safe(const std::string& method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

class H1Client final : public ClientConnection, private H1Parser::Sink {
 public:
  using ClientConnection::ClientConnection;

  void take(std::shared_ptr<CallState> call) override {
    if (call->request.stream_body) return call->fail_with(fail(Code::unsupported, "a streamed request body needs HTTP/2"));
    call_ = std::move(call);
    call_->connection = this;
    call_->version = Version::http_1_1;
    answered_ = false;
    new_parser();
    std::string& out = channel->out();
    const ClientRequest& request = call_->request;
    out.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    if (!request.headers.has("Host")) out.append("Host: ").append(pool_->options.endpoint.is_unix() ? "localhost" : pool_->options.endpoint.text()).append("\r\n");
    for (const auto& [name, value] : request.headers)
      if (value.find_first_of("\r\n") == value.npos) out.append(name).append(": ").append(value).append("\r\n");
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
      out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
    out.append("\r\n");
    channel->flush_soon();
    if (call_->paused) channel->pause();
  }
  std::size_t room() const override { return call_ || closing_ ? 0 : 1; }
  std::size_t calls() const override { return call_ ? 1 : 0; }
  void drop(CallState&) override {
    call_ = nullptr;
    closing_ = true;
    channel->close({});
  }
  void body_grows(CallState&) override {}
  void pause_changed(CallState& call) override { call.paused ? channel->pause() : channel->resume(); }
  void tick(Instant) override {}

  void on_bytes(std::string_view data) override {
    const auto keep = shared_from_this();
    if (!call_) return channel->close({});  // nobody asked
    answered_ = true;
    if (!rest_.empty()) {
      rest_.append(data);
      const std::string all = std::exchange(rest_, {});
      parse(all);
    } else {
      parse(data);
    }
  }
  void on_eof() override {
    const auto keep = shared_from_this();
    closing_ = true;
    if (call_ && parser_->header_done()) {
      const Status status = parser_->parse_eof();
      if (status.ok()) complete();
      else broken(fail(Code::unavailable, "the server closed the connection in the middle of a response"));
    }
    channel->close({});
  }
  void on_room() override {
    if (!call_) return;
    OutgoingBody& body = call_->body;
    while (body.queue.size() && !channel->full()) body.queue.take(channel->out(), Channel::kFull);
  }
  void on_closed(const Status& status) override {
    const auto keep = shared_from_this();
    closing_ = true;
    broken(status.ok() ? fail(Code::unavailable, "the server closed the connection") : status.error());
    pool_->gone(*this);
  }

 private:
  void new_parser() { parser_ = new_response_parser(*this, pool_->options.max_header_bytes, call_->request.method == "HEAD"); }

  void broken(const Error& error) {
    const auto call = std::exchange(call_, nullptr);
    if (!call) return;
    call->connection = nullptr;
    const Error full = error.in(call->request.method + " " + pool_->options.endpoint.text() + call->request.target);
    if (!answered_ && safe(call->request.method) && served_) pool_->retry(call, full);
    else call->fail_with(full);
  }

  void parse(std::string_view data) {
    std::size_t used = 0;
    while (call_ && used < data.size()) {
      auto result = parser_->parse(data.substr(used));
      if (!call_) return;  // a callback cancelled it
      if (!result) return channel->close(result.error());
      used += *result;
      if (!parser_->done()) {
        rest_ = data.substr(used);
        return;
      }
      if (call_->status == 101 && call_->on_switch) return switch_over(data.substr(used));
      if (call_->status < 200) {
        new_parser();
        call_->headers = Headers();
        continue;
      }
      complete();
    }
  }

  void complete() {
    const auto call = std::exchange(call_, nullptr);
    call->connection = nullptr;
    served_ = true;
    const bool keep_open = parser_->keep_alive() && !closing_ && call->body.queue.size() == 0 && !call->on_switch;
    rest_.clear();
    call->finish();
    if (!keep_open) {
      closing_ = true;
      return channel->close({});
    }
    if (channel->paused()) channel->resume();
    pool_->pump();
  }

  void switch_over(std::string_view rest) {
    const auto call = std::exchange(call_, nullptr);
    call->connection = nullptr;
    const auto stream = std::make_shared<RawStream>(channel);
    stream->take_over(std::string(rest));
    call->on_switch(stream);
    call->finish();
    pool_->gone(*this);
  }

  void on_request_line(std::string_view, std::string_view) override {}
  void on_status(int status) override { call_->status = status; }
  void on_field(std::string_view name, std::string_view value) override { call_->headers.add(std::string(name), std::string(value)); }
  Status on_header(std::optional<std::uint64_t>) override {
    const auto call = call_;
    if (call->status < 200 && !(call->status == 101 && call->on_switch)) return {};
    call->header_done = true;
    if (call->callbacks.on_headers) call->callbacks.on_headers(call->status, call->headers);
    return {};
  }
  Status on_body(std::string_view data) override {
    const auto call = call_;
    if (!call) return fail(Code::cancelled, "cancelled");
    if (call->callbacks.on_data) {
      // A copy, for the callback may end the call and with it its callbacks.
      const auto callback = call->callbacks.on_data;
      callback(data);
    }
    return {};
  }

  std::shared_ptr<CallState> call_;
  std::unique_ptr<H1Parser> parser_;
  std::string rest_;
  bool closing_ = false, answered_ = false, served_ = false;
};

}  // namespace

std::shared_ptr<ClientConnection> new_h1_client(std::shared_ptr<ClientPool> pool) { return std::make_shared<H1Client>(std::move(pool)); }

}  // namespace plumb::net::detail
