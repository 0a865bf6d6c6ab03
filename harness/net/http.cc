#include "harness/net/http.h"

#include <algorithm>
#include <array>

#include "harness/base/encoding.h"

namespace plumb::net {

namespace {
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
}  // namespace

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

const std::string* Headers::find(std::string_view name) const {
  for (const Entry& entry : entries_)
    if (same_name(entry.first, name)) return &entry.second;
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  const std::string* value = find(name);
  return value ? std::string_view(*value) : std::string_view();
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  for (const Entry& entry : entries_) {
    if (!same_name(entry.first, name)) continue;
    for (const std::string_view part : split(entry.second, ','))
      if (same_name(trim(part), token)) return true;
  }
  return false;
}

void Headers::set(std::string name, std::string value) {
  remove(name);
  add(std::move(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(entries_, [&](const Entry& entry) { return same_name(entry.first, name); });
}

Body::Body(std::vector<Bytes> chunks) : chunks_(std::move(chunks)) {
  std::erase_if(chunks_, [](const Bytes& chunk) { return !chunk || chunk->empty(); });
  for (const Bytes& chunk : chunks_) size_ += chunk->size();
}

void Body::add(Bytes chunk) {
  if (!chunk || chunk->empty()) return;
  size_ += chunk->size();
  chunks_.push_back(std::move(chunk));
}

std::string_view reason_phrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr std::array phrases = std::to_array<Phrase>({
      {100, "Continue"}, {101, "Switching Protocols"}, {200, "OK"}, {201, "Created"}, {202, "Accepted"},
      {204, "No Content"}, {206, "Partial Content"}, {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"},
      {304, "Not Modified"}, {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"},
      {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"},
      {406, "Not Acceptable"}, {408, "Request Timeout"}, {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"},
      {412, "Precondition Failed"}, {413, "Request Entity Too Large"}, {414, "Request URI Too Long"},
      {415, "Unsupported Media Type"}, {416, "Requested Range Not Satisfiable"}, {417, "Expectation Failed"},
      {422, "Unprocessable Entity"}, {426, "Upgrade Required"}, {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"}, {501, "Not Implemented"},
      {502, "Bad Gateway"}, {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
  });
  const auto at = std::lower_bound(phrases.begin(), phrases.end(), status, [](const Phrase& p, int s) { return p.status < s; });
  return at != phrases.end() && at->status == status ? at->text : "Unknown";
}

std::string Endpoint::text() const {
  if (is_unix()) return "unix:" + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto bad = [&](const char* why) { return fail(Code::invalid_argument, "address \"" + std::string(text) + "\": " + why); };
  Endpoint endpoint;
  if (text.starts_with("unix:")) {
    std::string_view path = text.substr(5);
    if (path.starts_with("//")) path.remove_prefix(2);
    if (path.empty()) return bad("has no socket path");
    endpoint.unix_path = path;
    endpoint.host = "localhost";
    return endpoint;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("needs host:port");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos) return bad("an IPv6 address needs [brackets]");
  const auto port = parse_int(text.substr(colon + 1));
  if (host.empty()) return bad("has no host");
  if (!port || *port < 1 || *port > 65535) return bad("the port must be 1 to 65535");
  endpoint.host = host;
  endpoint.port = static_cast<std::uint16_t>(*port);
  return endpoint;
}

Result<Url> parse_url(std::string_view text) {
  const auto bad = [&](const char* why) { return fail(Code::invalid_argument, "URL \"" + std::string(text) + "\": " + why); };
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) url.tls = true, rest.remove_prefix(8);
  else if (rest.starts_with("http://")) rest.remove_prefix(7);
  else return bad("must begin with http:// or https://");
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string authority(rest.substr(0, end));
  rest.remove_prefix(end);
  rest = rest.substr(0, rest.find('#'));
  if (authority.find('@') != std::string::npos) return bad("user names in URLs are not supported");
  const std::size_t bracket = authority.rfind(']');
  if (authority.find(':', bracket == std::string::npos ? 0 : bracket) == std::string::npos) authority += url.tls ? ":443" : ":80";
  auto endpoint = parse_endpoint(authority);
  if (!endpoint) return endpoint.error().in("URL");
  url.endpoint = std::move(endpoint).value();
  url.target = rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
  return url;
}

}  // namespace plumb::net
