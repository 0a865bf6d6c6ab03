// What a request's path and method ask for: upstream's rules for turning an URL into verb, group, version, namespace, resource, name
// and subresource. Hand-written: no expressions, no copies; the views point into the decoded path.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::apiserver {

struct RequestInfo {
  bool is_resource = false;
  std::string verb;  // get, list, watch, create, update, patch, delete, deletecollection; else the method in lower case
  std::string group, version, namespace_, resource, name, subresource;
  std::string rest;  // of the path after the subresource, as sent: what a proxy passes on
  std::vector<std::string> parts;  // of the whole path, decoded
};

// nullopt when the path is malformed (bad percent-encoding).
std::optional<RequestInfo> parse_path(std::string_view method, std::string_view path, bool watch_requested);

// One decoded name=value after another, in their order.
class Query {
 public:
  Query() = default;
  explicit Query(std::string_view text);
  // The first of that name; empty when there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  // "true", "1", "t" and so on, as Go's strconv.ParseBool; absent: nullopt.
  std::optional<bool> flag(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace plumb::apiserver
