#include "reference/apiserver/http/negotiation.h"

#include "harness/base/encoding.h"

namespace plumb::apiserver {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view protobuf_type = "application/vnd.kubernetes.protobuf";
constexpr std::string_view yaml_type = "application/yaml";

struct Clause {
  Accepted accepted;
  bool usable = true;
};

std::optional<Encoding> encoding_of(std::string_view type) {
  if (type == json_type || type == "*/*" || type == "application/*") return Encoding::json;
  if (type == protobuf_type) return Encoding::protobuf;
  if (type == yaml_type) return Encoding::yaml;
  return std::nullopt;
}

std::optional<Accepted> read_clause(std::string_view clause) {
  const auto pieces = split(clause, ';');
  const auto encoding = encoding_of(trim(pieces[0]));
  if (!encoding) return std::nullopt;
  Accepted accepted{*encoding};
  std::string_view as, group, version;
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    const std::string_view piece = trim(pieces[i]);
    const std::size_t equals = std::min(piece.find('='), piece.size());
    const std::string_view name = piece.substr(0, equals), value = piece.substr(std::min(equals + 1, piece.size()));
    if (name == "as") as = value;
    if (name == "g") group = value;
    if (name == "v") version = value;
    if (name == "pretty") accepted.pretty = value == "1";
    if (name == "stream" && value != "watch") return std::nullopt;
    if (name == "q" && (value == "0" || value == "0.0")) return std::nullopt;
  }
  if (as.empty()) return accepted;
  if (group == "meta.k8s.io" && version == "v1") {
    if (as == "Table" && accepted.encoding == Encoding::protobuf) return std::nullopt;  // upstream has no such form
    if (as == "Table") accepted.as = Shown::table;
    else if (as == "PartialObjectMetadata") accepted.as = Shown::partial;
    else if (as == "PartialObjectMetadataList") accepted.as = Shown::partial_list;
    else return std::nullopt;
    return accepted;
  }
  if (group == "apidiscovery.k8s.io" && version == "v2" && as == "APIGroupDiscoveryList") {
    accepted.aggregated_discovery = true;
    return accepted;
  }
  return std::nullopt;
}

}  // namespace

const std::vector<std::string>& offered_types() {
  static const std::vector<std::string> types{std::string(json_type), std::string(yaml_type), std::string(protobuf_type)};
  return types;
}

const std::vector<std::string>& streamed_types() {
  static const std::vector<std::string> types{std::string(json_type) + ";stream=watch", std::string(protobuf_type) + ";stream=watch"};
  return types;
}

std::optional<Accepted> negotiate(std::string_view accept, bool tables) {
  if (trim(accept).empty()) return Accepted{};
  for (const std::string_view clause : split(accept, ','))
    if (const auto accepted = read_clause(clause); accepted && (tables || accepted->as != Shown::table)) return accepted;
  return std::nullopt;
}

std::string_view content_type(Encoding encoding) {
  switch (encoding) {
    case Encoding::json: return json_type;
    case Encoding::protobuf: return protobuf_type;
    case Encoding::yaml: return yaml_type;
  }
  return json_type;
}

std::string_view media_type(std::string_view header) { return trim(header.substr(0, std::min(header.find(';'), header.size()))); }

std::optional<Encoding> body_encoding(std::string_view content_type) {
  const std::string_view type = media_type(content_type);
  return type.empty() ? Encoding::json : type.starts_with("*") ? std::nullopt : encoding_of(type);
}

}  // namespace plumb::apiserver
