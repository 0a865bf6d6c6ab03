#include "harness/runner/manifest.h"

#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>

namespace plumb::harness {
namespace {

using nlohmann::json;

json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text.empty() || text == "~" || text == "null") return nullptr;
  if (text == "true" || text == "True") return true;
  if (text == "false" || text == "False") return false;
  // A leading zero means octal, as in file modes.
  if (text.size() > 1 && text[0] == '0' && text.find_first_not_of("01234567") == std::string::npos && text.size() < 12) return std::stoll(text, nullptr, 8);
  if (text.find_first_not_of("+-0123456789.eE") == std::string::npos) {
    const json number = json::parse(text, nullptr, false);
    if (number.is_number()) return number;
  }
  return text;
}

json convert(const YAML::Node& node) {
  if (node.IsScalar()) return scalar(node);
  if (node.IsSequence()) {
    json out = json::array();
    for (const YAML::Node& item : node) out.push_back(convert(item));
    return out;
  }
  if (!node.IsMap()) return nullptr;
  json out = json::object();
  for (const auto& pair : node) out[pair.first.Scalar()] = convert(pair.second);
  return out;
}

}  // namespace

Result<std::vector<json>> parse_yaml(const std::string& text) {
  try {
    std::vector<json> out;
    for (const YAML::Node& document : YAML::LoadAll(text)) {
      if (document.IsMap()) out.push_back(convert(document));
    }
    return out;
  } catch (const YAML::Exception& problem) {
    return fail(Code::invalid_argument, std::string("not valid YAML: ") + problem.what());
  }
}

}  // namespace plumb::harness
