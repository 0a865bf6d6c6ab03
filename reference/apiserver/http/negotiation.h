// Which form an answer takes: the media type, and what the object is turned into (a Table, its metadata alone), by the Accept header.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::apiserver {

enum class Encoding { json, protobuf, yaml };
enum class Shown { object, table, partial, partial_list };

struct Accepted {
  Encoding encoding = Encoding::json;
  Shown as = Shown::object;
  bool aggregated_discovery = false;  // as=APIGroupDiscoveryList of apidiscovery.k8s.io/v2
  bool pretty = false;
};

// nullopt: nothing that is offered is accepted (406). An empty header accepts JSON. `tables`: whether a Table is among what is offered.
std::optional<Accepted> negotiate(std::string_view accept, bool tables = true);
const std::vector<std::string>& offered_types();
const std::vector<std::string>& streamed_types();  // of watches

std::string_view content_type(Encoding encoding);
// The encoding of a request's body; nullopt: unsupported (415). Empty means JSON.
std::optional<Encoding> body_encoding(std::string_view content_type);
// "application/json" of "application/json; charset=utf-8".
std::string_view media_type(std::string_view header);

}  // namespace plumb::apiserver
