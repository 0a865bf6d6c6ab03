// The nouns of HTTP that server and client share: headers, bodies as shared bytes, and where a peer is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"

namespace plumb::net {

// Immutable bytes with shared ownership: one encoded object goes to any number of connections without a copy.
using Bytes = std::shared_ptr<const std::string>;
inline Bytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// Case-insensitive names in the order they were added. HTTP/2 sends them in lower case.
class Headers {
 public:
  using Entry = std::pair<std::string, std::string>;
  Headers() = default;
  Headers(std::initializer_list<Entry> entries) : entries_(entries) {}

  // The first value of that name; empty, or nullptr, when there is none.
  std::string_view get(std::string_view name) const;
  const std::string* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // True when a comma-separated value of that name contains the token (case-insensitive), as in "Connection: keep-alive, Upgrade".
  bool has_token(std::string_view name, std::string_view token) const;
  void add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string name, std::string value);
  void remove(std::string_view name);

  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Entry> entries_;
};

bool same_name(std::string_view a, std::string_view b);  // ASCII case-insensitive
// "Not Found" for 404; "Unknown" for a number without a registered phrase.
std::string_view reason_phrase(int status);

// A body is a list of chunks that are sent one after the other and never joined.
class Body {
 public:
  Body() = default;
  Body(std::string text) { add(std::move(text)); }
  Body(const char* text) : Body(std::string(text)) {}
  Body(Bytes chunk) { add(std::move(chunk)); }
  Body(std::vector<Bytes> chunks);

  void add(std::string text) { add(bytes(std::move(text))); }
  void add(Bytes chunk);
  std::size_t size() const { return size_; }  // in bytes
  bool empty() const { return size_ == 0; }
  const std::vector<Bytes>& chunks() const { return chunks_; }

 private:
  std::vector<Bytes> chunks_;  // none is null or empty
  std::size_t size_ = 0;
};

enum class Version { http_1_0, http_1_1, http_2 };

// Where to connect: TCP (host and port) or a UNIX socket (path).
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  std::string unix_path;  // when set, host is only the name sent in requests

  bool is_unix() const { return !unix_path.empty(); }
  std::string text() const;  // "10.0.0.1:6443", "[::1]:6443", "unix:/run/x.sock"
};
// "host:port", "[v6]:port", "unix:/path" or "unix:///path".
Result<Endpoint> parse_endpoint(std::string_view text);

struct Url {
  bool tls = false;
  Endpoint endpoint;
  std::string target;  // path and query, at least "/"
};
// http:// and https:// only; the port defaults to 80 and 443.
Result<Url> parse_url(std::string_view text);

}  // namespace plumb::net
