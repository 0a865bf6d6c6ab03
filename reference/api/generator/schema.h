// The schema files (../schema/README.md) as data.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace plumb::generator {

struct Field {
  std::string json;    // empty for a nested message at this level
  std::string member;  // C++ name
  int number = 0;
  std::string shape;  // single, optional, list, map
  std::string type;   // as in the schema, without * [] map
  std::map<std::string, std::string> marks;
};
struct Type {
  std::string name;
  bool object = false, type_meta = false, atomic = false, union_ = false;
  std::vector<Field> fields;
};
struct Enum {
  std::string name;
  bool closed = false;
  std::vector<std::pair<std::string, std::string>> values;  // constant, value
};
struct Package {
  std::string name, group, version;
  std::vector<Enum> enums;
  std::vector<std::pair<std::string, std::string>> constants;
  std::vector<Type> types;
};

// Errors name file and line.
Result<Package> read_package(const std::string& path);

}  // namespace plumb::generator
