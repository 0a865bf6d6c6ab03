// Reading a scenario's YAML so that every mistake is named with its line. What is wrong is thrown as Invalid, which load_scenario catches.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "harness/base/clock.h"

namespace plumb::perf::yaml {

struct Invalid {
  int line;
  std::string message;
};
[[noreturn]] void refuse(const YAML::Node& at, const std::string& message);

// `what` names the value in messages.
std::string scalar(const YAML::Node& node, const std::string& what);
double number(const YAML::Node& node, const std::string& what);  // not negative
std::uint64_t whole(const YAML::Node& node, const std::string& what);  // 1 to 100 million
Duration duration(const YAML::Node& node, const std::string& what);  // 500ms, 30s, 5m, 1h
bool truth(const YAML::Node& node, const std::string& what);
void require_map(const YAML::Node& node, const std::string& what);
void allow_only(const YAML::Node& node, const std::set<std::string>& keys, const std::string& what);

// A YAML tree as JSON; plain scalars become numbers, booleans and null as YAML's core schema says, quoted ones stay text.
nlohmann::json to_json(const YAML::Node& node, int depth = 0);

// Lays `change` over `base`: maps are merged, lists whose items have names by name (new ones stand before the
// one that follows them in the change), everything else is replaced, null removes.
void overlay(YAML::Node base, const YAML::Node& change, int depth = 0);

// Replaces ${name} in every scalar below `node`; the marks of perf/text.h stay.
void substitute(YAML::Node node, const std::map<std::string, std::string>& parameters, int depth = 0);

}  // namespace plumb::perf::yaml
