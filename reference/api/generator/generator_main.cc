// Turns schema files into C++: generator OUT_DIR SCHEMA...
// For each package OUT_DIR/NAME.h (structs, constants) and OUT_DIR/NAME.cc (tables); OUT_DIR/packages.cc lists the packages.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "reference/api/generator/schema.h"
#include "reference/api/type_info.h"

namespace plumb::generator {
namespace {

struct Scalar {
  const char* kind;
  const char* single;
  const char* optional;
};
const std::map<std::string, Scalar> scalars = {
    {"string", {"string", "api::Str", "api::Opt<api::Str>"}},
    {"bool", {"boolean", "bool", "api::Opt<bool>"}},
    {"int32", {"int32", "std::int32_t", "api::Opt<std::int32_t>"}},
    {"int64", {"int64", "std::int64_t", "api::Opt<std::int64_t>"}},
    {"double", {"float64", "double", "api::Opt<double>"}},
    {"bytes", {"bytes", "api::Bytes", "api::Bytes"}},
    {"Time", {"time", "api::Time", "api::Time"}},
    {"MicroTime", {"micro_time", "api::MicroTime", "api::MicroTime"}},
    {"Duration", {"duration", "api::DurationValue", "api::Opt<std::int64_t>"}},
    {"Quantity", {"quantity", "api::QuantityText", "api::QuantityText"}},
    {"IntOrString", {"int_or_string", "api::IntOrString", "api::IntOrString"}},
    {"Strings", {"strings", "api::List<api::Str>", "api::List<api::Str>"}},
    {"RawExtension", {"raw", "api::Raw", "api::Raw"}},
    {"FieldsV1", {"raw", "api::Raw", "api::Raw"}},
    {"JSON", {"json", "api::Raw", "api::Raw"}},
};

class Generator {
 public:
  explicit Generator(std::vector<Package> packages) : packages_(std::move(packages)) {
    for (const Package& package : packages_) {
      for (const Type& type : package.types) types_[package.name + "::" + type.name] = &type;
      for (const Enum& e : package.enums) enums_.insert(package.name + "::" + e.name);
    }
  }

  Status write(const std::string& directory) {
    for (const Package& package : packages_) {
      PLUMB_TRY(save(directory + "/" + package.name + ".h", header(package)));
      PLUMB_TRY(save(directory + "/" + package.name + ".cc", source(package)));
    }
    return save(directory + "/packages.cc", package_list());
  }

 private:
  enum class Is { scalar, enumeration, structure };

  struct Resolved {
    Is is;
    std::string name;  // qualified for enums and structs
  };

  Resolved resolve(const Package& package, const std::string& type) const {
    if (scalars.count(type)) return {Is::scalar, type};
    const std::size_t dot = type.find('.');
    const std::string name = dot == std::string::npos ? package.name + "::" + type : type.substr(0, dot) + "::" + type.substr(dot + 1);
    if (enums_.count(name)) return {Is::enumeration, name};
    if (types_.count(name)) return {Is::structure, name};
    std::fprintf(stderr, "schema of %s: unknown type %s\n", package.name.c_str(), type.c_str());
    std::exit(1);
  }

  std::string cpp_type(const Package& package, const Field& field) const {
    const Resolved found = resolve(package, field.type);
    std::string single, optional;
    if (found.is == Is::structure) {
      single = found.name;
      optional = "api::Box<" + found.name + ">";
    } else {
      const Scalar& scalar = scalars.at(found.is == Is::enumeration ? "string" : found.name);
      single = scalar.single;
      optional = scalar.optional;
    }
    if (field.shape == "optional") return optional;
    if (field.shape == "list") return "api::List<" + single + ">";
    if (field.shape == "map") return "api::Map<" + single + ">";
    return single;
  }

  static std::string initializer(const std::string& cpp) {
    if (cpp == "bool") return " = false";
    if (cpp == "std::int32_t" || cpp == "std::int64_t" || cpp == "double") return " = 0";
    return "";
  }

  // Types in an order in which each stands after those it contains.
  std::vector<const Type*> ordered(const Package& package) const {
    std::vector<const Type*> out;
    std::set<const Type*> done;
    const std::function<void(const Type&)> visit = [&](const Type& type) {
      if (!done.insert(&type).second) return;
      for (const Field& field : type.fields) {
        const Resolved found = resolve(package, field.type);
        if (found.is == Is::structure && found.name.starts_with(package.name + "::")) visit(*types_.at(found.name));
      }
      out.push_back(&type);
    };
    for (const Type& type : package.types) visit(type);
    return out;
  }

  std::set<std::string> used_packages(const Package& package) const {
    std::set<std::string> used;
    for (const Type& type : package.types)
      for (const Field& field : type.fields) {
        const Resolved found = resolve(package, field.type);
        if (found.is == Is::structure) used.insert(found.name.substr(0, found.name.find("::")));
      }
    used.erase(package.name);
    return used;
  }

  std::string header(const Package& package) const {
    std::ostringstream out;
    const bool objects = std::any_of(package.types.begin(), package.types.end(), [](const Type& t) { return t.object; });
    out << "// Generated from reference/api/schema/" << package.name << ".schema.\n#pragma once\n\n#include <string_view>\n\n";
    if (objects) out << "#include \"reference/api/object.h\"\n";
    for (const std::string& used : used_packages(package)) out << "#include \"reference/api/types/" << used << ".h\"\n";
    out << "#include \"reference/api/values/scalars.h\"\n\nnamespace plumb::api {\nstruct TypeInfo;\n}\n\nnamespace plumb::" << package.name << " {\n\n";
    std::set<std::string> seen;
    const auto constant = [&](std::string name, const std::string& value) {
      if (name.starts_with("SIG")) name += '_';  // macros of <csignal>
      if (seen.insert(name).second) out << "inline constexpr std::string_view " << name << " = \"" << value << "\";\n";
    };
    for (const Enum& e : package.enums)
      for (const auto& [name, value] : e.values) constant(name, value);
    for (const auto& [name, value] : package.constants) constant(name, value);
    out << "\n";
    std::set<std::string> known;
    for (const Type* type : ordered(package)) {
      announce(out, package, *type, known);
      structure(out, package, *type);
    }
    out << "}  // namespace plumb::" << package.name << "\n";
    return out.str();
  }

  // Declares the types that are used before they are defined, because they contain each other.
  void announce(std::ostream& out, const Package& package, const Type& type, std::set<std::string>& known) const {
    known.insert(package.name + "::" + type.name);
    for (const Field& field : type.fields) {
      const Resolved found = resolve(package, field.type);
      const bool own = found.is == Is::structure && found.name.starts_with(package.name + "::");
      if (own && known.insert(found.name).second) out << "struct " << types_.at(found.name)->name << ";\n";
    }
  }

  // Copying and destroying a large struct stands once in the package's .cc: inlined wherever a struct holds another, a pod's takes the
  // compiler a minute. Small ones stay aggregates.
  static bool own_functions(const Type& type) { return type.fields.size() + (type.object ? 3 : 0) >= 6; }
  static std::vector<std::string> functions(const Type& type) {
    const std::string& name = type.name;
    return {name + "()", "~" + name + "()", name + "(const " + name + "&)", name + "(" + name + "&&) noexcept",
            name + "& operator=(const " + name + "&)", name + "& operator=(" + name + "&&) noexcept"};
  }
  static void define_functions(std::ostream& out, const Type& type) {
    for (std::string function : functions(type)) {
      const std::size_t result = function.find("operator="), name = result == std::string::npos ? 0 : result;
      function.insert(name, type.name + "::");
      const bool initial = type.object && function == type.name + "::" + type.name + "()";
      out << function << (initial ? " : api::Object(info()) {}\n" : " = default;\n");
    }
    out << "\n";
  }

  void structure(std::ostream& out, const Package& package, const Type& type) const {
    out << "struct " << type.name << (type.object ? " : api::Object" : "") << " {\n";
    if (own_functions(type))
      for (const std::string& function : functions(type)) out << "  " << function << ";\n";
    else if (type.object)
      out << "  " << type.name << "() : api::Object(info()) {}\n";
    for (const Field& field : type.fields) {
      const std::string cpp = cpp_type(package, field);
      out << "  " << cpp << " " << field.member << initializer(cpp) << ";\n";
    }
    out << "  static const api::TypeInfo type_info;\n  static const api::TypeInfo& info() { return type_info; }\n";
    out << "  friend bool operator==(const " << type.name << "&, const " << type.name << "&) = default;\n};\n\n";
  }

  std::string source(const Package& package) const {
    std::ostringstream out;
    out << "// Generated from reference/api/schema/" << package.name << ".schema.\n#include \"reference/api/types/" << package.name
        << ".h\"\n\n#include <cstddef>\n\n#include \"reference/api/object.h\"\n#include \"reference/api/type_info.h\"\n\n"
        << "#pragma GCC diagnostic ignored \"-Winvalid-offsetof\"\n\nnamespace plumb::" << package.name << " {\nnamespace {\n\n"
        << "using api::Kind;\nusing api::Shape;\n\n";
    enum_tables(out, package);
    for (const Type* type : ordered(package)) tables(out, package, *type);
    out << "}  // namespace\n\n";
    for (const Type* type : ordered(package)) {
      if (own_functions(*type)) define_functions(out, *type);
      info(out, package, *type);
    }
    out << "constexpr const api::TypeInfo* package_types[] = {";
    for (const Type& type : package.types) out << "&" << type.name << "::type_info, ";
    out << "};\nextern const api::PackageInfo package_info;\nconstinit const api::PackageInfo package_info{\"" << package.name << "\", \"" << package.group << "\", \""
        << package.version << "\", package_types};\n\n}  // namespace plumb::" << package.name << "\n";
    return out.str();
  }

  void enum_tables(std::ostream& out, const Package& package) const {
    std::set<std::string> own, foreign;
    for (const Type& type : package.types)
      for (const Field& field : type.fields) {
        const Resolved found = resolve(package, field.type);
        if (found.is == Is::enumeration) foreign.insert(found.name);
      }
    for (const Package& other : packages_)
      for (const Enum& e : other.enums) {
        if (!foreign.count(other.name + "::" + e.name)) continue;
        const std::string id = other.name + "_" + e.name;
        out << "constexpr std::string_view values_" << id << "[] = {";
        for (const auto& [name, value] : e.values) out << "\"" << value << "\", ";
        if (e.values.empty()) out << "\"\"";
        out << "};\nconstexpr api::EnumInfo enum_" << id << "{\"" << e.name << "\", " << (e.closed && !e.values.empty() ? "true" : "false") << ", values_" << id
            << "};\n";
      }
  }

  struct Flat {
    const Package* package;
    const Field* field;
    std::string offset;
  };

  const Package& package_of(const std::string& qualified) const {
    const std::string name = qualified.substr(0, qualified.find("::"));
    return *std::find_if(packages_.begin(), packages_.end(), [&](const Package& p) { return p.name == name; });
  }

  void flatten(const Package& package, const Type& type, const std::string& base, std::vector<Flat>& out) const {
    for (const Field& field : type.fields) {
      const std::string offset = base + "offsetof(" + package.name + "::" + type.name + ", " + field.member + ")";
      if (!field.json.empty()) {
        out.push_back({&package, &field, offset});
        continue;
      }
      const Resolved found = resolve(package, field.type);
      flatten(package_of(found.name), *types_.at(found.name), offset + " + ", out);
    }
  }

  std::string entry(const Package& package, const Field& field, const std::string& offset) const {
    const Resolved found = resolve(package, field.type);
    std::ostringstream out;
    const auto mark = [&](const char* name) {
      const auto at = field.marks.find(name);
      return at == field.marks.end() ? std::string() : at->second;
    };
    const auto quoted = [](std::string text) {
      std::string escaped;
      for (const char c : text) escaped += c == '"' ? "\\\"" : std::string(1, c);
      return "\"" + escaped + "\"";
    };
    std::string kind = "structure", type = "nullptr", enumeration = "nullptr";
    if (found.is == Is::scalar) kind = scalars.at(found.name).kind;
    if (found.is == Is::structure) type = "&" + found.name + "::type_info";
    if (found.is == Is::enumeration) {
      kind = "string";
      std::string id = found.name;
      enumeration = "&enum_" + id.replace(id.find("::"), 2, "_");
    }
    const auto flag = [&](const char* name) { return field.marks.count(name) ? "true" : "false"; };
    out << "    {\"" << field.json << "\", static_cast<std::uint32_t>(" << offset << "), " << field.number << ", Kind::" << kind << ", Shape::" << field.shape << ", "
        << flag("omitempty") << ", " << flag("omitzero") << ", " << flag("required") << ", " << type << ", " << enumeration << ", " << quoted(mark("patch"))
        << ", " << quoted(mark("mergeKey")) << ", " << quoted(mark("list")) << ", " << quoted(mark("keys")) << ", " << quoted(mark("map")) << ", "
        << quoted(mark("default")) << "},\n";
    return out.str();
  }

  void tables(std::ostream& out, const Package& package, const Type& type) const {
    static const Field metadata = [] {
      Field made;
      made.json = made.member = "metadata";
      made.number = 1;
      made.shape = "single";
      made.type = "metav1.ObjectMeta";
      made.marks["omitempty"] = "";
      return made;
    }();
    std::vector<Flat> json;
    std::vector<const Field*> wire;
    if (type.object) {
      json.push_back({&package, &metadata, "offsetof(" + type.name + ", metadata)"});
      wire.push_back(&metadata);
    }
    flatten(package, type, "", json);
    for (const Field& field : type.fields)
      if (field.number > 0) wire.push_back(&field);
    std::sort(wire.begin(), wire.end(), [](const Field* a, const Field* b) { return a->number < b->number; });
    lists(out, package, type, json, wire);
  }

  void lists(std::ostream& out, const Package& package, const Type& type, const std::vector<Flat>& json, const std::vector<const Field*>& wire) const {
    if (!json.empty()) {
      out << "constexpr api::FieldInfo json_" << type.name << "[] = {\n";
      for (const Flat& flat : json) out << entry(*flat.package, *flat.field, flat.offset);
      out << "};\n";
      slots(out, type, json);
    }
    if (!wire.empty()) {
      out << "constexpr api::FieldInfo wire_" << type.name << "[] = {\n";
      for (const Field* field : wire) out << entry(package, *field, "offsetof(" + type.name + ", " + field->member + ")");
      out << "};\n";
    }
    out << "\n";
  }

  void slots(std::ostream& out, const Type& type, const std::vector<Flat>& json) const {
    std::size_t size = 4;
    while (size < json.size() * 2) size *= 2;
    for (std::uint64_t seed = 0x9e3779b97f4a7c15u;; seed += 0x3c6ef372fe94f82au) {
      if ((seed - 0x9e3779b97f4a7c15u) / 0x3c6ef372fe94f82au > 3000 && size < 1024) size *= 2;
      std::vector<int> table(size, 0);
      bool clash = false;
      for (std::size_t i = 0; i < json.size() && !clash; ++i) {
        int& slot = table[api::field_hash(json[i].field->json, seed) & (size - 1)];
        clash = slot != 0;
        slot = static_cast<int>(i) + 1;
      }
      if (clash) continue;
      out << "constexpr std::uint8_t slots_" << type.name << "[] = {";
      for (const int slot : table) out << slot << ",";
      out << "};\nconstexpr std::uint64_t seed_" << type.name << " = " << seed << "u;\n";
      return;
    }
  }

  void info(std::ostream& out, const Package& package, const Type& type) const {
    const bool any_json = type.object || !type.fields.empty();
    const bool any_wire = type.object || std::any_of(type.fields.begin(), type.fields.end(), [](const Field& f) { return f.number > 0; });
    const auto flag = [](bool b) { return b ? "true" : "false"; };
    out << "constinit const api::TypeInfo " << type.name << "::type_info{\"" << type.name << "\", \"" << package.name << "\", \""
        << package.group << "\", \"" << package.version << "\", sizeof(" << type.name << "), " << flag(type.object) << ", " << flag(type.type_meta) << ", "
        << flag(type.atomic) << ", " << flag(type.union_) << ", " << (any_json ? "json_" + type.name : "{}") << ", " << (any_wire ? "wire_" + type.name : "{}") << ", "
        << (any_json ? "slots_" + type.name : "{}") << ", " << (any_json ? "seed_" + type.name : "0") << ", ";
    if (type.object)
      out << "[]() -> std::shared_ptr<api::Object> { return std::make_shared<" << type.name
          << ">(); },\n      [](const api::Object& object) -> std::shared_ptr<api::Object> { return std::make_shared<" << type.name
          << ">(static_cast<const " << type.name << "&>(object)); }};\n";
    else
      out << "nullptr, nullptr};\n";
    out << "\n";
  }

  std::string package_list() const {
    std::ostringstream out;
    out << "// Generated from reference/api/schema.\n#include \"reference/api/type_info.h\"\n\n";
    for (const Package& package : packages_) out << "namespace plumb::" << package.name << " { extern const api::PackageInfo package_info; }\n";
    out << "\nnamespace plumb::api {\nstd::span<const PackageInfo* const> all_packages() {\n  static const PackageInfo* const list[] = {";
    for (const Package& package : packages_) out << "&" << package.name << "::package_info, ";
    out << "};\n  return list;\n}\n}  // namespace plumb::api\n";
    return out.str();
  }

  static Status save(const std::string& path, const std::string& text) {
    std::ostringstream old;
    if (std::ifstream in(path); in) old << in.rdbuf();
    if (old.str() == text) return {};
    std::ofstream out(path);
    if (!(out << text)) return fail_errno("writing " + path);
    return {};
  }

  std::vector<Package> packages_;
  std::map<std::string, const Type*> types_;
  std::set<std::string> enums_;
};

Status run(int count, char** arguments) {
  if (count < 3) return fail(Code::invalid_argument, "usage: generator OUT_DIR SCHEMA...");
  std::vector<Package> packages;
  for (int i = 2; i < count; ++i) packages.push_back(PLUMB_TRY(read_package(arguments[i])));
  return Generator(std::move(packages)).write(arguments[1]);
}

}  // namespace
}  // namespace plumb::generator

int main(int count, char** arguments) {
  const plumb::Status done = plumb::generator::run(count, arguments);
  if (done.ok()) return 0;
  std::fprintf(stderr, "%s\n", done.error().message.c_str());
  return 1;
}
