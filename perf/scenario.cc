#include "perf/scenario.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/encoding.h"

namespace plumb::perf {
namespace {

using nlohmann::json;

constexpr std::string_view number_mark = "${i}";
constexpr std::size_t longest_scenario = 1 << 20;
constexpr int deepest_manifest = 64;

struct Invalid {  // thrown while reading, caught in load_scenario
  int line;
  std::string message;
};

[[noreturn]] void refuse(const YAML::Node& at, const std::string& message) { throw Invalid{at.Mark().line + 1, message}; }

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

// A YAML tree as JSON; plain scalars become numbers, booleans and null as YAML's core schema says, quoted ones stay text.
json to_json(const YAML::Node& node, int depth = 0) {
  if (depth > deepest_manifest) refuse(node, "nested too deeply");
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

std::string plural(std::string kind) {
  std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto ends = [&](std::string_view tail) { return kind.size() >= tail.size() && kind.compare(kind.size() - tail.size(), tail.size(), tail) == 0; };
  if (kind == "endpoints") return kind;
  if (ends("s") || ends("x") || ends("ch")) return kind + "es";
  if (ends("y") && !ends("ay") && !ends("ey")) return kind.substr(0, kind.size() - 1) + "ies";
  return kind + "s";
}

ObjectTemplate read_object(const std::string& name, const YAML::Node& node) {
  require_map(node, "object \"" + name + "\"");
  ObjectTemplate object;
  object.name = name;
  for (const char* key : {"apiVersion", "kind"}) {
    if (!node[key]) refuse(node, "object \"" + name + "\" lacks " + key);
  }
  object.api_version = scalar(node["apiVersion"], "apiVersion");
  object.kind = scalar(node["kind"], "kind");
  object.resource = plural(object.kind);
  if (!node["metadata"] || !node["metadata"].IsMap() || !node["metadata"]["name"]) refuse(node, "object \"" + name + "\" lacks metadata.name");
  object.object_name = NumberedText(scalar(node["metadata"]["name"], "metadata.name"));
  if (!object.object_name.numbered()) refuse(node["metadata"]["name"], "metadata.name of object \"" + name + "\" must contain ${i}");
  object.body = NumberedText(to_json(node).dump());
  return object;
}

const std::map<std::string, Verb> verbs{{"create", Verb::create}, {"get", Verb::get},     {"list", Verb::list}, {"patch", Verb::patch},
                                        {"delete", Verb::remove}, {"watch", Verb::watch}, {"wait", Verb::wait}};

void read_load(Action& action, const YAML::Node& node) {
  if (node["workers"]) {
    if (node["rate"] || node["to"] || node["arrivals"]) refuse(node, "an action has either workers (closed loop) or a rate (open loop)");
    if (!node["count"] && !node["for"]) refuse(node, "workers need a count or a time (for)");
    harness::ClosedLoop loop{.workers = whole(node["workers"], "workers")};
    if (node["count"]) loop.operations = whole(node["count"], "count");
    if (node["for"]) loop.length = duration(node["for"], "for");
    action.loop = loop;
    return;
  }
  if (!node["rate"]) refuse(node, "an action needs a rate or workers");
  harness::OpenLoop loop;
  loop.arrivals.rate = loop.arrivals.end_rate = number(node["rate"], "rate");
  if (loop.arrivals.rate <= 0 && !node["to"]) refuse(node["rate"], "rate must be above 0");
  if (!node["for"] == !node["count"]) refuse(node, "a rate needs either a time (for) or a count");
  if (node["count"]) {
    const auto count = whole(node["count"], "count");
    loop.arrivals.length = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(static_cast<double>(count) / loop.arrivals.rate));
    if (node["to"] || node["arrivals"]) refuse(node, "a count at a rate is evenly spaced: it takes neither to nor arrivals");
  } else {
    loop.arrivals.length = duration(node["for"], "for");
  }
  if (node["to"]) {
    loop.arrivals.kind = harness::Arrivals::Kind::ramp;
    loop.arrivals.end_rate = number(node["to"], "to");
  }
  if (node["arrivals"]) {
    const std::string kind = scalar(node["arrivals"], "arrivals");
    if (kind != "poisson" && kind != "even") refuse(node["arrivals"], "arrivals must be even or poisson, not \"" + kind + "\"");
    if (kind == "poisson") loop.arrivals.kind = harness::Arrivals::Kind::poisson;
    if (kind == "poisson" && node["to"]) refuse(node["arrivals"], "poisson arrivals have one rate: leave out to");
  }
  if (auto schedule = harness::Schedule::create(loop.arrivals); !schedule.ok()) refuse(node, schedule.error().message);
  action.loop = loop;
}

Action read_action(const YAML::Node& node, const std::map<std::string, ObjectTemplate>& objects) {
  require_map(node, "an action");
  Action action;
  std::string verb;
  for (const auto& entry : node) {
    const std::string key = scalar(entry.first, "a key");
    if (!verbs.contains(key)) continue;
    if (!verb.empty()) refuse(entry.first, "an action does one thing: \"" + verb + "\" and \"" + key + "\" stand together");
    verb = key;
  }
  if (verb.empty()) refuse(node, "an action needs one of create, get, list, patch, delete, watch, wait");
  action.verb = verbs.at(verb);
  if (action.verb == Verb::wait) {
    allow_only(node, {"wait", "count", "timeout"}, "wait");
    if (!node["count"] || !node["timeout"]) refuse(node, "wait needs a count and a timeout");
    action.condition = scalar(node["wait"], "wait");
    action.count = whole(node["count"], "count");
    action.timeout = duration(node["timeout"], "timeout");
    return action;
  }
  allow_only(node, {verb, "rate", "to", "for", "count", "workers", "arrivals", "each", "with"}, verb);
  action.object = scalar(node[verb], verb);
  if (!objects.contains(action.object)) refuse(node[verb], "there is no object \"" + action.object + "\" in this scenario");
  if (node["each"]) action.each = truth(node["each"], "each");
  if ((action.verb == Verb::patch) != static_cast<bool>(node["with"])) refuse(node, "a patch, and nothing else, needs its body (with)");
  if (node["with"]) {
    require_map(node["with"], "with");
    action.patch = NumberedText(to_json(node["with"]).dump());
  }
  read_load(action, node);
  return action;
}

void read_phases(Scenario& scenario, const YAML::Node& node) {
  if (!node || !node.IsSequence() || node.size() == 0) refuse(node ? node : YAML::Node(), "phases must be a list of at least one phase");
  std::set<std::string> names;
  for (const auto& item : node) {
    require_map(item, "a phase");
    allow_only(item, {"name", "do"}, "a phase");
    if (!item["name"]) refuse(item, "a phase needs a name");
    Phase phase{scalar(item["name"], "name"), {}};
    if (!names.insert(phase.name).second) refuse(item["name"], "there are two phases \"" + phase.name + "\"");
    if (!item["do"] || !item["do"].IsSequence() || item["do"].size() == 0) refuse(item, "phase \"" + phase.name + "\" needs a list of actions (do)");
    for (const auto& action : item["do"]) phase.actions.push_back(read_action(action, scenario.objects));
    scenario.phases.push_back(std::move(phase));
  }
}

void read_thresholds(Scenario& scenario, const YAML::Node& node) {
  if (!node) return;
  if (!node.IsSequence()) refuse(node, "thresholds must be a list");
  for (const auto& item : node) {
    require_map(item, "a threshold");
    allow_only(item, {"metric", "below", "above"}, "a threshold");
    if (!item["metric"] || !item["below"] == !item["above"]) refuse(item, "a threshold needs a metric and either below or above");
    const bool below = static_cast<bool>(item["below"]);
    scenario.thresholds.push_back({scalar(item["metric"], "metric"), below ? harness::Better::lower : harness::Better::higher,
                                   number(item[below ? "below" : "above"], below ? "below" : "above")});
  }
}

// Parameters first, since everything else is text with their names in it.
void read_parameters(Scenario& scenario, const YAML::Node& root, const std::map<std::string, std::string>& settings) {
  const auto read_into = [&](const YAML::Node& map, const std::string& what, bool may_add) {
    require_map(map, what);
    for (const auto& entry : map) {
      const std::string key = scalar(entry.first, "a parameter's name");
      if (!may_add && !scenario.parameters.contains(key)) refuse(entry.first, what + " sets \"" + key + "\", which is no parameter of this scenario");
      scenario.parameters[key] = scalar(entry.second, "parameter \"" + key + "\"");
    }
  };
  if (root["parameters"]) read_into(root["parameters"], "parameters", true);
  const YAML::Node sizes = root["sizes"];
  if (!sizes || !sizes.IsMap() || !sizes["smoke"]) refuse(root, "sizes must be a map that has at least smoke");
  for (const auto& entry : sizes) scenario.sizes.push_back(scalar(entry.first, "a size's name"));
  const YAML::Node chosen = sizes[scenario.size];
  if (!chosen) refuse(sizes, "there is no size \"" + scenario.size + "\"; there are " + join(scenario.sizes, ", "));
  read_into(chosen, "size " + scenario.size, false);
  for (const auto& [key, value] : settings) {
    if (scenario.parameters.contains(key)) {
      scenario.parameters[key] = value;
      continue;
    }
    std::vector<std::string> names;
    for (const auto& [name, unused] : scenario.parameters) names.push_back(name);
    refuse(root, "\"" + key + "\" is no parameter of this scenario; there are " + join(names, ", "));
  }
}

// Replaces ${name} in every scalar below `node`; ${i} stays for the running number of an object.
void substitute(YAML::Node node, const std::map<std::string, std::string>& parameters, int depth = 0) {
  if (depth > deepest_manifest) refuse(node, "nested too deeply");
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
      if (name == "i") out += number_mark;
      else if (found == parameters.end()) refuse(node, "${" + name + "} is no parameter of this scenario");
      else out += found->second;
      at = close + 1;
    }
    out += text.substr(at);
    // A value that is one parameter takes the parameter's own type (quoted or not, "${n}" may be a number); text around it makes it text.
    const bool alone = text.front() == '$' && text.find('}') == text.size() - 1 && out != number_mark;
    node = out;
    node.SetTag(alone ? "?" : "!");
  }
}

Scenario read(const std::string& name, const YAML::Node& root, const std::string& size, const std::map<std::string, std::string>& settings) {
  require_map(root, "a scenario");
  allow_only(root, {"question", "parameters", "sizes", "objects", "measure", "phases", "thresholds"}, "a scenario");
  Scenario scenario;
  scenario.name = name;
  scenario.size = size;
  if (!root["question"]) refuse(root, "a scenario needs a question");
  scenario.question = scalar(root["question"], "question");
  read_parameters(scenario, root, settings);
  for (const char* key : {"objects", "phases", "thresholds"}) {
    if (root[key]) substitute(root[key], scenario.parameters);
  }
  if (root["objects"]) {
    require_map(root["objects"], "objects");
    for (const auto& entry : root["objects"]) {
      const std::string object = scalar(entry.first, "an object's name");
      scenario.objects.emplace(object, read_object(object, entry.second));
    }
  }
  if (root["measure"]) {
    if (!root["measure"].IsSequence()) refuse(root["measure"], "measure must be a list of measurements");
    for (const auto& item : root["measure"]) scenario.measurements.push_back(scalar(item, "a measurement"));
  }
  read_phases(scenario, root["phases"]);
  read_thresholds(scenario, root["thresholds"]);
  return scenario;
}

}  // namespace

NumberedText::NumberedText(const std::string& text) {
  std::size_t at = 0;
  for (std::size_t mark; (mark = text.find(number_mark, at)) != std::string::npos; at = mark + number_mark.size()) {
    pieces_.push_back(text.substr(at, mark - at));
  }
  pieces_.push_back(text.substr(at));
}

std::string NumberedText::with(std::uint64_t number) const { return join(pieces_, std::to_string(number)); }

std::string_view to_string(Verb verb) {
  for (const auto& [name, value] : verbs) {
    if (value == verb) return name;
  }
  return "";
}

Result<Scenario> load_scenario(const std::string& name, const std::string& text, const std::string& file, const std::string& size,
                               const std::map<std::string, std::string>& settings) {
  if (text.size() > longest_scenario) return fail(Code::invalid_argument, file + ": longer than 1 MB, which no scenario is");
  const auto at = [&](int line, const std::string& message) {
    return fail(Code::invalid_argument, file + ":" + std::to_string(std::max(line, 1)) + ": " + message);
  };
  try {
    return read(name, YAML::Load(text), size, settings);
  } catch (const Invalid& invalid) {
    return at(invalid.line, invalid.message);
  } catch (const YAML::Exception& error) {
    return at(error.mark.line + 1, error.msg);
  } catch (const json::exception& error) {
    return at(1, std::string("not UTF-8 text: ") + error.what());
  }
}

}  // namespace plumb::perf
