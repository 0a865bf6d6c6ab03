#include "harness/net/h1_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <limits>

namespace plumb::net::detail {

namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

std::string_view plain(string_view text) { return {text.data(), text.size()}; }

template <bool is_request>
class Parser final : public H1Parser, private http::basic_parser<is_request> {
  using Base = http::basic_parser<is_request>;

 public:
  Parser(Sink& sink, std::size_t header_limit, bool skip_body) : sink_(sink) {
    Base::header_limit(static_cast<std::uint32_t>(header_limit));
    Base::body_limit(boost::none);
    Base::eager(true);
    if constexpr (!is_request) Base::skip(skip_body);
  }

  Result<std::size_t> parse(std::string_view data) override {
    error_code error;
    std::size_t used = 0;
    while (used < data.size() && !Base::is_done()) {
      const std::size_t part = Base::put(boost::asio::buffer(data.data() + used, data.size() - used), error);
      used += part;
      if (sink_status_ && !sink_status_->ok()) return std::move(*sink_status_).error();
      if (error == http::error::need_more) return used;
      if (error) return translate(error);
      if (part == 0) break;
    }
    return used;
  }
  Status parse_eof() override {
    error_code error;
    Base::put_eof(error);
    if (error) return translate(error);
    return {};
  }
  bool started() const override { return Base::got_some(); }
  bool header_done() const override { return Base::is_header_done(); }
  bool done() const override { return Base::is_done(); }
  bool keep_alive() const override { return Base::keep_alive(); }
  bool http_1_1() const override { return version_ >= 11; }

 private:
  static Error translate(error_code error) {
    Error result = fail(Code::invalid_argument, "malformed HTTP message: " + error.message());
    result.http_status = error == http::error::header_limit || error == http::error::buffer_overflow ? 431 : 400;
    return result;
  }
  void pass(Status status, error_code& error) {
    if (status.ok()) return;
    sink_status_ = std::move(status);
    error = http::error::bad_value;
  }

  void on_request_impl(http::verb, string_view method, string_view target, int version, error_code&) override {
    version_ = version;
    sink_.on_request_line(plain(method), plain(target));
  }
  void on_response_impl(int status, string_view, int version, error_code&) override {
    version_ = version;
    sink_.on_status(status);
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override { sink_.on_field(plain(name), plain(value)); }
  void on_header_impl(error_code& error) override {
    std::optional<std::uint64_t> length;
    if (const auto given = Base::content_length()) length = *given;
    pass(sink_.on_header(length), error);
  }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code& error) override {
    pass(sink_.on_body(plain(body)), error);
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code& error) override {
    pass(sink_.on_body(plain(body)), error);
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Sink& sink_;
  std::optional<Status> sink_status_;
  int version_ = 11;
};

}  // namespace

std::unique_ptr<H1Parser> new_request_parser(H1Parser::Sink& sink, std::size_t header_limit) {
  return std::make_unique<Parser<true>>(sink, header_limit, false);
}
std::unique_ptr<H1Parser> new_response_parser(H1Parser::Sink& sink, std::size_t header_limit, bool head) {
  return std::make_unique<Parser<false>>(sink, header_limit, head);
}

}  // namespace plumb::net::detail
