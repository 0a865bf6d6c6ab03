#include "reference/api/generator/schema.h"

#include <fstream>
#include <set>
#include <sstream>

namespace plumb::generator {
namespace {

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::string unquote(const std::string& text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

std::string member_name(std::string name) {
  static const std::set<std::string> keywords = {"bool",    "continue",  "default",  "delete",   "double", "enum",     "export", "float",    "int",   "namespace", "new",
                                                 "not",     "operator",  "private",  "protected", "public", "static",   "switch", "template", "union", "volatile",  "class"};
  for (char& c : name)
    if (c == '-' || c == '$') c = '_';
  if (keywords.count(name)) name += '_';
  return name;
}

class Parser {
 public:
  explicit Parser(std::string path) : path_(std::move(path)) {}

  Result<Package> parse() {
    std::ifstream in(path_);
    if (!in) return fail(Code::not_found, "reading schema " + path_ + ": cannot be opened");
    for (std::string line; std::getline(in, line);) {
      ++line_;
      const auto parts = words(line);
      if (parts.empty()) continue;
      PLUMB_TRY(line.starts_with("  ") ? indented(parts) : heading(parts));
    }
    return std::move(package_);
  }

 private:
  enum class In { nothing, enumeration, constants, type };

  Status bad(const std::string& why) { return fail(Code::invalid_argument, path_ + ":" + std::to_string(line_) + ": " + why); }

  Status heading(const std::vector<std::string>& parts) {
    const std::string& what = parts[0];
    if (what == "package" && parts.size() == 6) {
      package_.name = parts[1];
      package_.group = unquote(parts[3]);
      package_.version = parts[5];
      return {};
    }
    if (what == "constants") return in_ = In::constants, Status();
    if (parts.size() < 2) return bad("a name is missing after '" + what + "'");
    const bool flag = parts.size() > 2;
    if (what == "enum") {
      package_.enums.push_back({parts[1], flag && parts[2] == "closed", {}});
      return in_ = In::enumeration, Status();
    }
    if (what != "object" && what != "kind" && what != "type" && what != "union") return bad("unknown heading '" + what + "'");
    package_.types.push_back({parts[1], what == "object", what == "object" || what == "kind", flag && parts[2] == "atomic", what == "union", {}});
    return in_ = In::type, Status();
  }

  Status indented(const std::vector<std::string>& parts) {
    if (in_ == In::type) return field(parts);
    if (in_ == In::nothing || parts.size() < 2) return bad("expected: name \"value\"");
    std::string value = parts[1];
    for (std::size_t i = 2; i < parts.size(); ++i) value += " " + parts[i];
    (in_ == In::constants ? package_.constants : package_.enums.back().values).emplace_back(parts[0], unquote(value));
    return {};
  }

  Status field(const std::vector<std::string>& parts) {
    if (parts.size() < 3) return bad("expected: name number type");
    Field made;
    const bool nested = parts[0][0] == '~';
    made.json = nested ? "" : parts[0];
    made.member = member_name(nested ? parts[0].substr(1) : parts[0]);
    made.number = std::atoi(parts[1].c_str());
    std::size_t next = 3;
    made.type = parts[2];
    made.shape = "single";
    if (made.type == "map") {
      if (parts.size() < 4) return bad("expected a type after 'map'");
      made.shape = "map";
      made.type = parts[next++];
    } else if (made.type[0] == '*') {
      made.shape = "optional";
      made.type.erase(0, 1);
    } else if (made.type.starts_with("[]")) {
      made.shape = "list";
      made.type.erase(0, 2);
    }
    for (; next < parts.size(); ++next) {
      const std::size_t equals = parts[next].find('=');
      made.marks[parts[next].substr(0, equals)] = equals == std::string::npos ? "" : parts[next].substr(equals + 1);
    }
    package_.types.back().fields.push_back(std::move(made));
    return {};
  }

  std::string path_;
  int line_ = 0;
  In in_ = In::nothing;
  Package package_;
};

}  // namespace

Result<Package> read_package(const std::string& path) { return Parser(path).parse(); }

}  // namespace plumb::generator
