#include "perf/scenario.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/encoding.h"
#include "perf/yaml.h"

namespace plumb::perf {
namespace {

using namespace yaml;
using nlohmann::json;

constexpr std::size_t longest_scenario = 1 << 20;
constexpr Duration longest_phase = std::chrono::hours(1);  // what `for: phase` lasts at most

ObjectTemplate read_object(const std::string& name, const YAML::Node& node) {
  require_map(node, "object \"" + name + "\"");
  ObjectTemplate object;
  object.name = name;
  for (const char* key : {"apiVersion", "kind"}) {
    if (!node[key]) refuse(node, "object \"" + name + "\" lacks " + key);
  }
  object.api_version = scalar(node["apiVersion"], "apiVersion");
  object.kind = scalar(node["kind"], "kind");
  if (!node["metadata"] || !node["metadata"].IsMap() || !node["metadata"]["name"]) refuse(node, "object \"" + name + "\" lacks metadata.name");
  object.object_name = RunText(scalar(node["metadata"]["name"], "metadata.name"));
  if (node["metadata"]["namespace"]) object.space = scalar(node["metadata"]["namespace"], "metadata.namespace");
  if (object.object_name.text().find("${i}") == std::string::npos) refuse(node["metadata"]["name"], "metadata.name of object \"" + name + "\" must contain ${i}");
  object.body = RunText(to_json(node).dump());
  return object;
}

const std::map<std::string, Verb> verbs{{"create", Verb::create}, {"get", Verb::get},     {"list", Verb::list}, {"patch", Verb::patch},
                                        {"delete", Verb::remove}, {"watch", Verb::watch}, {"wait", Verb::wait},
                                        {"stop-node", Verb::stop_node}, {"load", Verb::load}};

Duration load_length(Action& action, const YAML::Node& node) {
  if (!node.IsScalar() || node.Scalar() != "phase") return duration(node, "for");
  action.until_phase_ends = true;
  return longest_phase;
}

void read_load(Action& action, const YAML::Node& node) {
  if (node["workers"]) {
    if (node["rate"] || node["to"] || node["arrivals"]) refuse(node, "an action has either workers (closed loop) or a rate (open loop)");
    if (!node["count"] && !node["for"]) refuse(node, "workers need a count or a time (for)");
    harness::ClosedLoop loop{.workers = whole(node["workers"], "workers")};
    if (node["count"]) loop.operations = whole(node["count"], "count");
    if (node["for"]) loop.length = load_length(action, node["for"]);
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
    loop.arrivals.length = load_length(action, node["for"]);
  }
  if (node["to"]) {
    if (action.until_phase_ends) refuse(node["to"], "a ramp needs a time (for), which \"phase\" is not");
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

using Objects = std::map<std::string, ObjectTemplate>;

std::string object_named(const YAML::Node& node, const std::string& what, const Objects& objects) {
  const std::string name = scalar(node, what);
  if (!objects.contains(name)) refuse(node, "there is no object \"" + name + "\" in this scenario");
  return name;
}

std::string propagation(const YAML::Node& node) {
  const std::string policy = scalar(node, "propagation");
  if (policy != "Background" && policy != "Foreground" && policy != "Orphan") refuse(node, "propagation must be Background, Foreground or Orphan");
  return policy;
}

void read_wait(Action& action, const YAML::Node& node, const Objects& objects) {
  allow_only(node, {"wait", "count", "timeout", "of", "lacking"}, "wait");
  if (!node["count"] || !node["timeout"]) refuse(node, "wait needs a count and a timeout");
  action.condition = scalar(node["wait"], "wait");
  action.count = whole(node["count"], "count");
  action.timeout = duration(node["timeout"], "timeout");
  if (node["of"]) action.object = object_named(node["of"], "of", objects);
  if (node["lacking"]) action.lacking = scalar(node["lacking"], "lacking");
}

Action read_action(const YAML::Node& node, const Objects& objects) {
  require_map(node, "an action");
  Action action;
  std::string verb;
  for (const auto& entry : node) {
    const std::string key = scalar(entry.first, "a key");
    if (!verbs.contains(key)) continue;
    if (!verb.empty()) refuse(entry.first, "an action does one thing: \"" + verb + "\" and \"" + key + "\" stand together");
    verb = key;
  }
  if (verb.empty()) refuse(node, "an action needs one of create, get, list, patch, delete, watch, wait, stop-node, load");
  action.verb = verbs.at(verb);
  if (action.verb == Verb::wait) {
    read_wait(action, node, objects);
    return action;
  }
  if (action.verb == Verb::stop_node) {
    allow_only(node, {"stop-node", "start"}, verb);
    action.command = scalar(node[verb], verb);
    if (node["start"]) action.undo = scalar(node["start"], "start");
    return action;
  }
  if (action.verb == Verb::load) {
    allow_only(node, {verb, "after", "over", "for"}, verb);
    action.cores = number(node[verb], verb) / 1000;
    if (node["after"]) action.after = duration(node["after"], "after");
    if (node["over"]) action.over = duration(node["over"], "over");
    if (node["for"]) action.length = duration(node["for"], "for");
    if (node["for"] && action.length < action.over) refuse(node["for"], "a load that lasts shorter (for) than it takes to be reached (over)");
    return action;
  }
  allow_only(node, {verb, "rate", "to", "for", "count", "workers", "arrivals", "each", "with", "subresource", "propagation"}, verb);
  action.object = object_named(node[verb], verb, objects);
  if (node["each"]) action.each = truth(node["each"], "each");
  if ((action.verb == Verb::patch) != static_cast<bool>(node["with"])) refuse(node, "a patch, and nothing else, needs its body (with)");
  if (node["with"]) {
    require_map(node["with"], "with");
    action.patch = RunText(to_json(node["with"]).dump());
  }
  if (node["subresource"] && action.verb != Verb::patch) refuse(node["subresource"], "only a patch takes a subresource");
  if (node["subresource"]) action.subresource = scalar(node["subresource"], "subresource");
  if (node["propagation"] && action.verb != Verb::remove) refuse(node["propagation"], "only a delete takes a propagation");
  if (action.verb == Verb::remove) action.propagation = node["propagation"] ? propagation(node["propagation"]) : "Background";
  read_load(action, node);
  return action;
}

// What goes on until the rest of a phase is over needs a rest.
void check_ends(const Phase& phase, const YAML::Node& node) {
  const bool ends = std::any_of(phase.actions.begin(), phase.actions.end(), [](const Action& action) { return !action.until_phase_ends; });
  if (!ends) refuse(node, "phase \"" + phase.name + "\" would not end: everything in it lasts until the rest is over (for: phase)");
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
    if (!item["do"]) continue;
    if (!item["do"].IsSequence() || item["do"].size() == 0) refuse(item, "phase \"" + phase.name + "\" needs a list of actions (do)");
    for (const auto& action : item["do"]) phase.actions.push_back(read_action(action, scenario.objects));
    check_ends(phase, item);
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

std::vector<std::string> variants_of(const YAML::Node& root) {
  std::vector<std::string> names;
  if (!root.IsMap() || !root["variants"]) return names;
  const YAML::Node variants = root["variants"];
  require_map(variants, "variants");
  if (variants.size() == 0) refuse(variants, "variants must be a map of at least one variant");
  for (const auto& entry : variants) {
    names.push_back(scalar(entry.first, "a variant's name"));
    require_map(entry.second, "variant " + names.back());
    allow_only(entry.second, {"question", "parameters", "sizes", "objects", "measure", "phases", "thresholds"}, "variant " + names.back());
  }
  return names;
}

// Lays the variant that the scenario's name asks for over the rest.
void choose_variant(Scenario& scenario, YAML::Node root) {
  scenario.variants = variants_of(root);
  const auto slash = scenario.name.find('/');
  const std::string wanted = slash == std::string::npos ? "" : scenario.name.substr(slash + 1);
  if (scenario.variants.empty()) {
    if (!wanted.empty()) refuse(root, "there is no variant \"" + wanted + "\": this scenario has none");
    return;
  }
  const std::string chosen = slash == std::string::npos ? scenario.variants.front() : wanted;
  if (std::find(scenario.variants.begin(), scenario.variants.end(), chosen) == scenario.variants.end()) {
    refuse(root["variants"], "there is no variant \"" + chosen + "\"; there are " + join(scenario.variants, ", "));
  }
  scenario.name = scenario.name.substr(0, slash) + "/" + chosen;
  overlay(root, root["variants"][chosen]);
}

void read_measure(Scenario& scenario, const YAML::Node& node) {
  if (!node) return;
  if (!node.IsSequence()) refuse(node, "measure must be a list of measurements");
  for (const auto& item : node) {
    if (!item.IsMap()) {
      scenario.measurements.push_back({scalar(item, "a measurement"), ""});
      continue;
    }
    if (item.size() != 1) refuse(item, "a measurement of one object's is {measurement: object}");
    const auto entry = *item.begin();
    scenario.measurements.push_back({scalar(entry.first, "a measurement"), object_named(entry.second, "a measurement's object", scenario.objects)});
  }
}

Scenario read(const std::string& name, const YAML::Node& root, const std::string& size, const std::map<std::string, std::string>& settings) {
  require_map(root, "a scenario");
  allow_only(root, {"question", "parameters", "sizes", "objects", "measure", "phases", "thresholds", "variants"}, "a scenario");
  Scenario scenario;
  scenario.name = name;
  scenario.size = size;
  choose_variant(scenario, root);
  if (!root["question"]) refuse(root, "a scenario needs a question");
  scenario.question = scalar(root["question"], "question");
  read_parameters(scenario, root, settings);
  for (const char* key : {"objects", "measure", "phases", "thresholds"}) {
    if (root[key]) substitute(root[key], scenario.parameters);
  }
  if (root["objects"]) {
    require_map(root["objects"], "objects");
    for (const auto& entry : root["objects"]) {
      const std::string object = scalar(entry.first, "an object's name");
      scenario.objects.emplace(object, read_object(object, entry.second));
    }
  }
  read_measure(scenario, root["measure"]);
  read_phases(scenario, root["phases"]);
  read_thresholds(scenario, root["thresholds"]);
  return scenario;
}

}  // namespace

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

Result<Scenario> load_built_in(const std::string& name, const std::string& size, const std::map<std::string, std::string>& settings) {
  const std::string base = name.substr(0, name.find('/'));
  const auto found = embedded_scenarios().find(base);
  if (found != embedded_scenarios().end()) return load_scenario(name, found->second, "perf/" + base + "/scenario.yaml", size, settings);
  std::vector<std::string> names;
  for (const auto& [known, text] : embedded_scenarios()) names.push_back(known);
  return fail(Code::not_found, "there is no scenario \"" + name + "\"; there are " + join(names, ", "));
}

std::vector<std::string> built_in_names() {
  std::vector<std::string> names;
  for (const auto& [base, text] : embedded_scenarios()) {
    const auto scenario = load_built_in(base, "smoke", {});
    if (!scenario.ok() || scenario->variants.empty()) names.push_back(base);
    else for (const auto& variant : scenario->variants) names.push_back(base + "/" + variant);
  }
  return names;
}

}  // namespace plumb::perf
