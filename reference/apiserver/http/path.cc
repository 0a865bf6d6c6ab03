#include "reference/apiserver/http/path.h"

#include <algorithm>

#include "harness/base/encoding.h"

namespace plumb::apiserver {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::string verb_of(std::string_view method, bool has_name, bool watch) {
  if (method == "GET" || method == "HEAD") return watch ? "watch" : has_name ? "get" : "list";
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return has_name ? "delete" : "deletecollection";
  return lower(method);
}

}  // namespace

std::optional<RequestInfo> parse_path(std::string_view method, std::string_view path, bool watch_requested) {
  RequestInfo info;
  std::vector<std::size_t> ends;  // of each part in the path as sent
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) {
      auto part = url_decode(path.substr(at, end - at));
      if (!part) return std::nullopt;
      info.parts.push_back(std::move(*part));
      ends.push_back(end);
    }
    at = end + 1;
  }
  info.verb = lower(method);
  const auto& parts = info.parts;
  std::size_t at;
  if (parts.size() >= 3 && parts[0] == "api") {
    info.version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    info.group = parts[1];
    info.version = parts[2];
    at = 3;
  } else {
    return info;
  }
  info.is_resource = true;
  bool watch = watch_requested;
  if (parts[at] == "watch" && parts.size() > at + 1) {
    watch = true;
    ++at;
  }
  const auto part = [&](std::size_t i) { return i < parts.size() ? parts[i] : std::string(); };
  if (parts[at] == "namespaces") {
    info.namespace_ = part(at + 1);
    const std::string next = part(at + 2);
    // /namespaces/x, /namespaces/x/status and /namespaces/x/finalize are about the namespace itself.
    if (parts.size() > at + 2 && next != "status" && next != "finalize") at += 2;
    else if (parts.size() <= at + 1) info.namespace_.clear();
  }
  info.resource = part(at);
  info.name = part(at + 1);
  info.subresource = part(at + 2);
  if (at + 3 < parts.size()) info.rest = std::string(path.substr(ends[at + 2]));
  info.verb = verb_of(method, !info.name.empty(), watch);
  return info;
}

Query::Query(std::string_view text) {
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = url_decode(pair.substr(0, equals), true);
    auto value = url_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (name && value) values_.emplace_back(std::move(*name), std::move(*value));
  }
}

std::string_view Query::get(std::string_view name) const {
  for (const auto& [key, value] : values_)
    if (key == name) return value;
  return {};
}

bool Query::has(std::string_view name) const {
  return std::any_of(values_.begin(), values_.end(), [&](const auto& pair) { return pair.first == name; });
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> found;
  for (const auto& [key, value] : values_)
    if (key == name) found.push_back(value);
  return found;
}

std::optional<bool> Query::flag(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  const std::string_view value = get(name);
  // As upstream converts query parameters: everything but these is true.
  return !(value == "false" || value == "0" || value == "f" || value == "F" || value == "FALSE" || value == "False");
}

}  // namespace plumb::apiserver
