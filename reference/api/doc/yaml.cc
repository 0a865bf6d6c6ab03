#include "reference/api/doc/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace plumb::api {
namespace {

Error malformed_yaml(std::string message) { return fail(Code::invalid_argument, "error converting YAML to JSON: " + std::move(message), "BadRequest"); }

std::optional<Doc> read_word(std::string_view text) {
  constexpr std::string_view truths[] = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
  constexpr std::string_view lies[] = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
  constexpr std::string_view nulls[] = {"", "~", "null", "Null", "NULL"};
  if (std::ranges::find(truths, text) != std::end(truths)) return Doc(true);
  if (std::ranges::find(lies, text) != std::end(lies)) return Doc(false);
  if (std::ranges::find(nulls, text) != std::end(nulls)) return Doc();
  return std::nullopt;
}

std::optional<std::int64_t> read_integer(std::string digits) {
  std::erase(digits, '_');
  const bool negative = digits.starts_with('-');
  std::string_view rest = digits;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
  int base = 10;
  if (rest.size() > 2 && rest[0] == '0' && std::string_view("xXbBoO").find(rest[1]) != std::string_view::npos) {
    base = rest[1] == 'x' || rest[1] == 'X' ? 16 : rest[1] == 'b' || rest[1] == 'B' ? 2 : 8;
    rest.remove_prefix(2);
  } else if (rest.size() > 1 && rest[0] == '0') {
    base = 8;
  }
  std::int64_t value = 0;
  if (rest.empty() || rest[0] == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return negative ? -value : value;
}

std::optional<double> read_number(std::string digits) {
  std::erase(digits, '_');
  std::string_view rest = digits;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || !((rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.')) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  return negative ? -value : value;
}

Doc read_plain(const std::string& text) {
  if (auto word = read_word(text)) return *std::move(word);
  const char first = text[0];
  if ((first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.') {
    if (const auto integer = read_integer(text)) return *integer;
    if (const auto number = read_number(text)) return *number;
  }
  return text;
}

class Converter {
 public:
  explicit Converter(const YamlOptions& options) : options_(options) {}

  Result<Doc> convert(const YAML::Node& node, std::size_t depth = 0) {
    if (++nodes_ > options_.max_nodes) return malformed_yaml("yaml: document contains excessive aliasing");
    if (depth > options_.max_depth) return malformed_yaml("yaml: exceeded max depth of " + std::to_string(options_.max_depth));
    switch (node.Type()) {
      case YAML::NodeType::Scalar:
        return scalar(node);
      case YAML::NodeType::Sequence:
        return sequence(node, depth);
      case YAML::NodeType::Map:
        return mapping(node, depth);
      default:
        return Doc();
    }
  }

 private:
  static Result<Doc> scalar(const YAML::Node& node) {
    if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return Doc(node.Scalar());
    Doc value = read_plain(node.Scalar());
    if (value.kind() == Doc::Kind::number && !std::isfinite(value.as_double())) return malformed_yaml("json: unsupported value: " + node.Scalar());
    return value;
  }

  Result<Doc> sequence(const YAML::Node& node, std::size_t depth) {
    std::vector<Doc> items;
    for (const auto& item : node) items.push_back(PLUMB_TRY(convert(item, depth + 1)));
    return Doc::array(std::move(items));
  }

  Result<Doc> mapping(const YAML::Node& node, std::size_t depth) {
    std::vector<std::pair<std::string, Doc>> members;
    Doc merged = Doc::object();
    for (const auto& member : node) {
      const bool plain = member.first.IsScalar() && member.first.Tag() == "?";
      Doc value = PLUMB_TRY(convert(member.second, depth + 1));
      if (plain && member.first.Scalar() == "<<") {
        PLUMB_TRY(merge(merged, value));
      } else {
        members.emplace_back(PLUMB_TRY(key(member.first)), std::move(value));
      }
    }
    Doc own = Doc::object(std::move(members));
    for (const Doc::Member& member : merged.members())
      if (!own.find(member.name())) own = own.with(member.name(), member.value);
    return own;
  }

  // << takes over the members of one mapping or of several, where the earlier wins.
  static Status merge(Doc& merged, const Doc& value) {
    if (value.is_array()) {
      for (const Doc& item : value.items()) {
        if (!item.is_object()) return malformed_yaml("yaml: map merge requires map or sequence of maps as the value");
        PLUMB_TRY(merge(merged, item));
      }
      return {};
    }
    if (!value.is_object()) return malformed_yaml("yaml: map merge requires map or sequence of maps as the value");
    for (const Doc::Member& member : value.members())
      if (!merged.find(member.name())) merged = merged.with(member.name(), member.value);
    return {};
  }

  static Result<std::string> key(const YAML::Node& node) {
    if (!node.IsScalar()) return malformed_yaml(node.IsNull() ? "unsupported map key: null" : "unsupported map key: not a scalar");
    const Doc value = PLUMB_TRY(scalar(node));
    if (value.is_null()) return malformed_yaml("unsupported map key: null");
    return value.is_string() ? std::string(value.as_string()) : value.to_json();
  }

  const YamlOptions& options_;
  std::size_t nodes_ = 0;
};

}  // namespace

Result<std::vector<Doc>> parse_yaml_stream(std::string_view text, const YamlOptions& options) {
  if (text.size() > options.max_bytes)
    return fail(Code::resource_exhausted, "YAML of " + std::to_string(text.size()) + " bytes is longer than the limit of " +
                                              std::to_string(options.max_bytes) + " bytes", "RequestEntityTooLarge");
  try {
    std::vector<Doc> documents;
    Converter converter(options);
    for (const YAML::Node& node : YAML::LoadAll(std::string(text)))
      if (node.IsDefined() && !node.IsNull()) documents.push_back(PLUMB_TRY(converter.convert(node)));
    return documents;
  } catch (const std::exception& error) {
    return malformed_yaml(error.what());
  }
}

Result<Doc> parse_yaml(std::string_view text, const YamlOptions& options) {
  auto documents = PLUMB_TRY(parse_yaml_stream(text, options));
  if (documents.size() > 1) return malformed_yaml("one document is expected, the text holds " + std::to_string(documents.size()));
  return documents.empty() ? Doc() : documents.front();
}

}  // namespace plumb::api
