// HTTP/1.1 messages from bytes as they arrive: Beast's parser behind a narrow door. Requests and responses.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/result.h"
#include "harness/net/http.h"

namespace plumb::net::detail {

class H1Parser {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void on_request_line(std::string_view method, std::string_view target) = 0;
    virtual void on_status(int status) = 0;
    virtual void on_field(std::string_view name, std::string_view value) = 0;
    // The header is complete. An error stops parsing and comes out of parse().
    virtual Status on_header(std::optional<std::uint64_t> content_length) = 0;
    virtual Status on_body(std::string_view data) = 0;
  };

  virtual ~H1Parser() = default;
  // How many bytes of `data` were used; what is left must come again, with more behind it. Error::http_status says how a server
  // answers it.
  virtual Result<std::size_t> parse(std::string_view data) = 0;
  virtual Status parse_eof() = 0;  // the end of the input ends a message without a length; else it is an error
  virtual bool started() const = 0;
  virtual bool header_done() const = 0;
  virtual bool done() const = 0;
  virtual bool keep_alive() const = 0;
  virtual bool http_1_1() const = 0;
};

std::unique_ptr<H1Parser> new_request_parser(H1Parser::Sink& sink, std::size_t header_limit);
// `head`: the answer to a HEAD request has no body.
std::unique_ptr<H1Parser> new_response_parser(H1Parser::Sink& sink, std::size_t header_limit, bool head);

}  // namespace plumb::net::detail
