#include "perf/yaml.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/base/encoding.h"
#include "perf/text.h"

namespace plumb::perf::yaml {
namespace {

using nlohmann::json;

constexpr int deepest = 64;

// Whether a list's items are maps with a name each, as phases are.
bool all_named(const YAML::Node& list) {
  for (const auto& item : list) {
    if (!item.IsMap() || !item["name"] || !item["name"].IsScalar()) return false;
  }
  return list.size() != 0;
}

// What is new stands before the item that follows it in the change.
YAML::Node merged_by_name(const YAML::Node& base, const YAML::Node& change, int depth) {
  std::vector<YAML::Node> items(base.begin(), base.end());
  std::vector<YAML::Node> added;
  for (const auto& wanted : change) {
    const auto old = std::find_if(items.begin(), items.end(), [&](const YAML::Node& item) { return item["name"].Scalar() == wanted["name"].Scalar(); });
    if (old == items.end()) {
      added.push_back(wanted);
      continue;
    }
    overlay(*old, wanted, depth + 1);
    items.insert(old, added.begin(), added.end());
    added.clear();
  }
  items.insert(items.end(), added.begin(), added.end());
  YAML::Node merged(YAML::NodeType::Sequence);
  for (const auto& item : items) merged.push_back(item);
  return merged;
}

}  // namespace

void refuse(const YAML::Node& at, const std::string& message) { throw Invalid{at.Mark().line + 1, message}; }

std::string scalar(const YAML::Node& node, const std::string& what) {
  if (!node.IsScalar()) refuse(node, what + " must be a single value");
  return node.Scalar();
}

double number(const YAML::Node& node, const std::string& what) {
  const std::string text = scalar(node, what);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value) || value < 0) refuse(node, what + " must be a number, not \"" + text + "\"");
  return value;
}

std::uint64_t whole(const YAML::Node& node, const std::string& what) {
  const auto value = parse_int(scalar(node, what));
  if (!value || *value < 1 || *value > 100'000'000) refuse(node, what + " must be a whole number from 1 to 100000000, not \"" + node.Scalar() + "\"");
  return static_cast<std::uint64_t>(*value);
}

Duration duration(const YAML::Node& node, const std::string& what) {
  const std::string text = scalar(node, what);
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  const std::map<std::string, double> units{{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  const auto found = units.find(unit);
  if (end == text.c_str() || found == units.end() || !(value > 0) || value * found->second > 86'400) {
    refuse(node, what + " must be a time such as 500ms, 30s or 5m (at most a day), not \"" + text + "\"");
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value * found->second));
}

bool truth(const YAML::Node& node, const std::string& what) {
  const std::string text = scalar(node, what);
  if (text != "true" && text != "false") refuse(node, what + " must be true or false");
  return text == "true";
}

void require_map(const YAML::Node& node, const std::string& what) {
  if (!node.IsMap()) refuse(node, what + " must be a map");
}

void allow_only(const YAML::Node& node, const std::set<std::string>& keys, const std::string& what) {
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string key = scalar(entry.first, "a key");
    if (!keys.contains(key)) {
      refuse(entry.first, "\"" + key + "\" is not known in " + what + "; there are " + join({keys.begin(), keys.end()}, ", "));
    }
    if (!seen.insert(key).second) refuse(entry.first, "\"" + key + "\" stands twice in " + what);
  }
}

json to_json(const YAML::Node& node, int depth) {
  if (depth > deepest) refuse(node, "nested too deeply");
  if (node.IsMap()) {
    json out = json::object();
    for (const auto& entry : node) out[scalar(entry.first, "a key")] = to_json(entry.second, depth + 1);
    return out;
  }
  if (node.IsSequence()) {
    json out = json::array();
    for (const auto& item : node) out.push_back(to_json(item, depth + 1));
    return out;
  }
  if (!node.IsScalar()) return nullptr;
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;
  if (text == "true" || text == "false") return text == "true";
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  if (const auto integer = parse_int(text)) return *integer;
  char* end = nullptr;
  const double real = std::strtod(text.c_str(), &end);
  const bool looks_real = std::isdigit(static_cast<unsigned char>(text.back())) && text.find_first_not_of("0123456789.eE+-") == std::string::npos;
  if (looks_real && *end == '\0') return real;
  return text;
}

void overlay(YAML::Node base, const YAML::Node& change, int depth) {
  if (depth > deepest) refuse(change, "nested too deeply");
  for (const auto& entry : change) {
    const std::string key = scalar(entry.first, "a key");
    const YAML::Node value = entry.second;
    YAML::Node old = base[key];
    if (value.IsNull()) base.remove(key);
    else if (old.IsDefined() && old.IsMap() && value.IsMap()) overlay(old, value, depth + 1);
    else if (old.IsDefined() && old.IsSequence() && value.IsSequence() && all_named(old) && all_named(value)) base[key] = merged_by_name(old, value, depth + 1);
    else base[key] = value;
  }
}

void substitute(YAML::Node node, const std::map<std::string, std::string>& parameters, int depth) {
  if (depth > deepest) refuse(node, "nested too deeply");
  if (node.IsMap()) {
    for (auto entry : node) substitute(entry.second, parameters, depth + 1);
  } else if (node.IsSequence()) {
    for (auto item : node) substitute(item, parameters, depth + 1);
  } else if (node.IsScalar() && node.Scalar().find("${") != std::string::npos) {
    const std::string text = node.Scalar();
    std::string out;
    std::size_t at = 0;
    for (std::size_t open; (open = text.find("${", at)) != std::string::npos;) {
      const std::size_t close = text.find('}', open);
      if (close == std::string::npos) refuse(node, "\"${\" without \"}\" in \"" + text + "\"");
      const std::string name = text.substr(open + 2, close - open - 2);
      out += text.substr(at, open - at);
      const auto found = parameters.find(name);
      const MarkCheck mark = check_mark(name);
      if (!mark.error.empty()) refuse(node, mark.error);
      if (mark.is_mark) out += text.substr(open, close + 1 - open);
      else if (found == parameters.end()) refuse(node, "${" + name + "} is no parameter of this scenario");
      else out += found->second;
      at = close + 1;
    }
    out += text.substr(at);
    // A value that is one parameter takes the parameter's own type (quoted or not, "${n}" may be a number); text around it makes it text.
    const bool alone = text.front() == '$' && text.find('}') == text.size() - 1 && out.find("${") == std::string::npos;
    node = out;
    node.SetTag(alone ? "?" : "!");
  }
}

}  // namespace plumb::perf::yaml
