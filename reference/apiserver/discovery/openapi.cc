#include "reference/apiserver/discovery/openapi.h"

#include <map>
#include <mutex>

#include "harness/base/encoding.h"
#include "harness/net/crypto.h"
#include "reference/apiserver/server_metrics.h"

namespace plumb::apiserver {
namespace {

using api::Doc;
using api::FieldInfo;
using api::Kind;
using api::Shape;
using api::TypeInfo;
using Members = std::vector<std::pair<std::string, Doc>>;

constexpr std::string_view protobuf_v2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

// What differs between the two versions.
struct Dialect {
  std::string_view reference_prefix;
  bool v3;
};
constexpr Dialect v2{"#/definitions/", false}, v3{"#/components/schemas/", true};

struct SpecialType {
  Kind kind;
  std::string_view name, format;
};
constexpr SpecialType special_types[] = {
    {Kind::time, "io.k8s.apimachinery.pkg.apis.meta.v1.Time", "date-time"},
    {Kind::micro_time, "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", "date-time"},
    {Kind::duration, "io.k8s.apimachinery.pkg.apis.meta.v1.Duration", ""},
    {Kind::quantity, "io.k8s.apimachinery.pkg.api.resource.Quantity", ""},
    {Kind::int_or_string, "io.k8s.apimachinery.pkg.util.intstr.IntOrString", "int-or-string"},
    {Kind::json, "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", ""},
};

Doc typed(std::string_view type, std::string_view format = {}) {
  Doc made = Doc::object({{"type", Doc(type)}});
  return format.empty() ? made : made.with("format", format);
}

// Collects the definitions that a set of types needs.
class Definitions {
 public:
  explicit Definitions(const Dialect& dialect) : dialect_(dialect) {}

  Doc reference(std::string_view name) const { return Doc::object({{"$ref", std::string(dialect_.reference_prefix) + std::string(name)}}); }

  std::string add(const TypeInfo& type) {
    std::string name = definition_name(type);
    if (!made_.emplace(name, Doc()).second) return name;
    if (type.is_union) {
      made_[name] = Doc::object();  // a schema can not say it in one type
      return name;
    }
    Members properties;
    std::vector<Doc> required;
    if (type.has_type_meta || type.is_object) {
      properties.emplace_back("apiVersion", typed("string"));
      properties.emplace_back("kind", typed("string"));
    }
    for (const FieldInfo& field : type.json_fields) {
      properties.emplace_back(std::string(field.name), property(field));
      if (field.required) required.emplace_back(field.name);
    }
    Doc schema = typed("object").with("properties", Doc::object(std::move(properties)));
    if (!required.empty()) schema = schema.with("required", Doc::array(std::move(required)));
    if (type.is_object) schema = schema.with("x-kubernetes-group-version-kind", Doc::array({kind_of(type, type.name)}));
    made_[name] = std::move(schema);
    return name;
  }

  void add_list(const TypeInfo& type) {
    Doc schema = typed("object").with("properties", Doc::object({{"apiVersion", typed("string")},
                                                                {"kind", typed("string")},
                                                                {"metadata", reference(add(metav1::ListMeta::info()))},
                                                                {"items", typed("array").with("items", reference(add(type)))}}));
    schema = schema.with("required", Doc::array({Doc("items")}));
    made_[definition_name(type) + "List"] = schema.with("x-kubernetes-group-version-kind", Doc::array({kind_of(type, std::string(type.name) + "List")}));
  }

  static Doc kind_of(const TypeInfo& type, std::string_view kind) {
    return Doc::object({{"group", Doc(type.group)}, {"version", Doc(type.version)}, {"kind", Doc(kind)}});
  }

  Doc take() {
    Members members(std::make_move_iterator(made_.begin()), std::make_move_iterator(made_.end()));
    return Doc::object(std::move(members));
  }

 private:
  Doc special(const SpecialType& special) {
    if (made_.emplace(std::string(special.name), Doc()).second) {
      Doc schema = special.kind == Kind::json ? Doc::object() : typed("string", special.format);  // anything
      if (dialect_.v3 && (special.kind == Kind::int_or_string || special.kind == Kind::quantity)) {
        schema = Doc::object({{"oneOf", Doc::array({typed("string"), typed(special.kind == Kind::quantity ? "number" : "integer")})}});
        if (!special.format.empty()) schema = schema.with("format", special.format);
      }
      made_[std::string(special.name)] = std::move(schema);
    }
    return reference(special.name);
  }

  Doc value(const FieldInfo& field) {
    for (const SpecialType& each : special_types)
      if (each.kind == field.kind) return special(each);
    switch (field.kind) {
      case Kind::boolean: return typed("boolean");
      case Kind::int32: return typed("integer", "int32");
      case Kind::int64: return typed("integer", "int64");
      case Kind::float64: return typed("number", "double");
      case Kind::bytes: return typed("string", "byte");
      case Kind::strings: return typed("array").with("items", typed("string"));
      case Kind::raw: return typed("object");
      case Kind::structure: return reference(add(*field.type));
      default: break;
    }
    if (!field.enumeration || !field.enumeration->closed) return typed("string");
    std::vector<Doc> values;
    for (const std::string_view each : field.enumeration->values) values.emplace_back(each);
    return typed("string").with("enum", Doc::array(std::move(values)));
  }

  Doc property(const FieldInfo& field) {
    Doc made = value(field);
    if (field.shape == Shape::list) made = typed("array").with("items", std::move(made));
    if (field.shape == Shape::map) made = typed("object").with("additionalProperties", std::move(made));
    const auto extend = [&](std::string_view name, std::string_view text) {
      if (!text.empty()) made = made.with(name, text);
    };
    extend("x-kubernetes-patch-strategy", field.patch_strategy);
    extend("x-kubernetes-patch-merge-key", field.merge_key);
    extend("x-kubernetes-list-type", field.list_type);
    extend("x-kubernetes-map-type", field.map_type);
    if (!field.list_map_keys.empty()) {
      std::vector<Doc> keys;
      for (const std::string_view key : split(field.list_map_keys, ',')) keys.emplace_back(key);
      made = made.with("x-kubernetes-list-map-keys", Doc::array(std::move(keys)));
    }
    return made;
  }

  const Dialect& dialect_;
  std::map<std::string, Doc> made_;
};

Doc query_parameter(std::string_view name, std::string_view type, const Dialect& dialect) {
  const Doc parameter = Doc::object({{"name", Doc(name)}, {"in", "query"}});
  return dialect.v3 ? parameter.with("schema", typed(type)) : parameter.with("type", type);
}

// An operation as far as clients look at it.
Doc operation(const Resource& resource, std::string_view verb, const Definitions& definitions, const Dialect& dialect) {
  const bool reads = verb == "get" || verb == "list";
  std::vector<Doc> parameters;
  if (!reads) {
    parameters.push_back(query_parameter("dryRun", "string", dialect));
    if (verb != "delete") {
      parameters.push_back(query_parameter("fieldManager", "string", dialect));
      parameters.push_back(query_parameter("fieldValidation", "string", dialect));
    }
  }
  const Doc shown = definitions.reference(definition_name(resource.type()) + (verb == "list" ? "List" : ""));
  Doc answer = Doc::object({{"description", "OK"}});
  answer = dialect.v3 ? answer.with("content", Doc::object({{"application/json", Doc::object({{"schema", shown}})}})) : answer.with("schema", shown);
  Doc made = Doc::object({{"parameters", Doc::array(std::move(parameters))},
                          {"responses", Doc::object({{"200", answer}})},
                          {"x-kubernetes-action", Doc(verb == "create" ? "post" : verb == "update" ? "put" : verb)},
                          {"x-kubernetes-group-version-kind", Definitions::kind_of(resource.type(), resource.type().name)}});
  if (!dialect.v3 || reads || verb == "delete") return made;
  const Doc body = Doc::object({{"schema", verb == "patch" ? typed("object") : definitions.reference(definition_name(resource.type()))}});
  const Doc content = verb == "patch" ? Doc::object({{"application/json-patch+json", body}, {"application/merge-patch+json", body}, {"application/strategic-merge-patch+json", body}})
                                      : Doc::object({{"application/json", body}});
  return made.with("requestBody", Doc::object({{"content", content}}));
}

void add_paths(const Resource& resource, const Definitions& definitions, const Dialect& dialect, Members& paths) {
  std::string base = resource.group().empty() ? "/api/" : "/apis/" + std::string(resource.group()) + "/";
  base += resource.version();
  const std::string all = base + "/" + resource.names().plural;
  const std::string there = resource.names().namespaced ? base + "/namespaces/{namespace}/" + resource.names().plural : all;
  Doc collection = Doc::object(), single = Doc::object(), everywhere = Doc::object();
  for (const std::string_view verb : resource.verbs()) {
    const auto made = [&] { return operation(resource, verb, definitions, dialect); };
    if (verb == "list") {
      collection = collection.with("get", made());
      if (all != there) everywhere = everywhere.with("get", made());
    }
    if (verb == "create") collection = collection.with("post", made());
    if (verb == "get") single = single.with("get", made());
    if (verb == "update") single = single.with("put", made());
    if (verb == "patch") single = single.with("patch", made());
    if (verb == "delete") single = single.with("delete", made());
  }
  if (everywhere.size()) paths.emplace_back(all, everywhere);
  paths.emplace_back(there, collection);
  if (single.size()) paths.emplace_back(there + "/{name}", single);
}

Doc info() { return Doc::object({{"title", "Kubernetes"}, {"version", Doc(served_version)}}); }

// The protobuf form of a v2 document, message by message as OpenAPIv2.proto numbers them.
void append_varint(std::uint64_t value, std::string& out) {
  for (; value > 127; value >>= 7) out += static_cast<char>((value & 127) | 128);
  out += static_cast<char>(value);
}
void put(unsigned number, std::string_view bytes, std::string& out) {
  append_varint(number << 3 | 2, out);
  append_varint(bytes.size(), out);
  out += bytes;
}
std::string named(std::string_view name, const std::string& value) {
  std::string out;
  put(1, name, out);
  put(2, value, out);
  return out;
}
void put_extensions(const Doc& doc, unsigned number, std::string& out) {
  for (const auto& member : doc.members()) {
    if (!member.name().starts_with("x-")) continue;
    std::string any;
    put(2, member.value.to_json() + "\n", any);  // JSON is YAML
    put(number, named(member.name(), any), out);
  }
}
std::string schema_message(const Doc& schema) {
  std::string out;
  const auto text = [&](unsigned number, std::string_view name) {
    if (const Doc* value = schema.find(name)) put(number, value->as_string(), out);
  };
  text(1, "$ref");
  text(2, "format");
  text(4, "description");
  for (const Doc& name : schema["required"].items()) put(19, name.as_string(), out);
  for (const Doc& value : schema["enum"].items()) {
    std::string any;
    put(2, value.to_json() + "\n", any);
    put(20, any, out);
  }
  if (const Doc* more = schema.find("additionalProperties")) {
    std::string item;
    put(1, schema_message(*more), item);
    put(21, item, out);
  }
  if (const Doc* type = schema.find("type")) {
    std::string item;
    put(1, type->as_string(), item);
    put(22, item, out);
  }
  if (const Doc* items = schema.find("items")) {
    std::string item;
    put(1, schema_message(*items), item);
    put(23, item, out);
  }
  if (const Doc* properties = schema.find("properties")) {
    std::string all;
    for (const auto& member : properties->members()) put(1, named(member.name(), schema_message(member.value)), all);
    put(25, all, out);
  }
  put_extensions(schema, 31, out);
  return out;
}
std::string operation_message(const Doc& operation) {
  std::string out;
  for (const Doc& parameter : operation["parameters"].items()) {
    std::string query, non_body, wrapped, item;
    put(2, parameter["in"].as_string(), query);
    put(4, parameter["name"].as_string(), query);
    put(6, parameter["type"].as_string(), query);
    put(3, query, non_body);
    put(2, non_body, wrapped);
    put(1, wrapped, item);
    put(8, item, out);
  }
  std::string responses;
  for (const auto& member : operation["responses"].members()) {
    std::string schema, response, value;
    put(1, schema_message(member.value["schema"]), schema);
    put(1, member.value["description"].as_string(), response);
    put(2, schema, response);
    put(1, response, value);
    put(1, named(member.name(), value), responses);
  }
  put(9, responses, out);
  put_extensions(operation, 13, out);
  return out;
}
std::string path_message(const Doc& path) {
  constexpr std::pair<const char*, unsigned> methods[] = {{"get", 2}, {"put", 3}, {"post", 4}, {"delete", 5}, {"patch", 8}};
  std::string out;
  for (const auto& [method, number] : methods)
    if (const Doc* found = path.find(method)) put(number, operation_message(*found), out);
  return out;
}

// A document that is made at first use.
class Lazy {
 public:
  explicit Lazy(std::function<std::string()> make) : make_(std::move(make)) {}
  Bytes get() {
    const std::lock_guard lock(mutex_);
    if (!made_) made_ = store::bytes(make_());
    return made_;
  }

 private:
  const std::function<std::string()> make_;
  std::mutex mutex_;
  Bytes made_;
};

}  // namespace

std::string definition_name(const TypeInfo& type) {
  std::string package(type.package);
  if (package.ends_with(type.version)) package.resize(package.size() - type.version.size());
  std::string prefix = "io.k8s.api." + package;
  if (package == "meta" || package == "partial") prefix = "io.k8s.apimachinery.pkg.apis.meta";
  if (package == "apiextensions") prefix = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions";
  if (package == "apiregistration") prefix = "io.k8s.kube-aggregator.pkg.apis.apiregistration";
  return prefix + "." + std::string(type.version) + "." + std::string(type.name);
}

Doc openapi_v2() {
  Definitions definitions(v2);
  Members paths;
  definitions.add(metav1::DeleteOptions::info());
  definitions.add(metav1::Status::info());
  for (const Resource* resource : resources::all()) {
    definitions.add(resource->type());
    definitions.add_list(resource->type());
    add_paths(*resource, definitions, v2, paths);
  }
  return Doc::object({{"swagger", "2.0"}, {"info", info()}, {"paths", Doc::object(std::move(paths))}, {"definitions", definitions.take()}});
}

std::string openapi_v2_protobuf(const Doc& document) {
  std::string out, about, paths, definitions;
  put(1, "2.0", out);
  put(1, document["info"]["title"].as_string(), about);
  put(2, document["info"]["version"].as_string(), about);
  put(2, about, out);
  for (const auto& member : document["paths"].members()) put(2, named(member.name(), path_message(member.value)), paths);
  put(8, paths, out);
  for (const auto& member : document["definitions"].members()) put(1, named(member.name(), schema_message(member.value)), definitions);
  put(9, definitions, out);
  return out;
}

Doc openapi_v3(std::string_view group, std::string_view version) {
  Definitions definitions(v3);
  Members paths;
  definitions.add(metav1::DeleteOptions::info());
  definitions.add(metav1::Status::info());
  for (const Resource* resource : resources::all()) {
    if (resource->group() != group || resource->version() != version) continue;
    definitions.add(resource->type());
    definitions.add_list(resource->type());
    add_paths(*resource, definitions, v3, paths);
  }
  return Doc::object({{"openapi", "3.0.0"},
                      {"info", info()},
                      {"paths", Doc::object(std::move(paths))},
                      {"components", Doc::object({{"schemas", definitions.take()}})}});
}

std::vector<Route> openapi_routes() {
  std::vector<Route> routes;
  auto json = std::make_shared<Lazy>([] { return openapi_v2().to_json(); });
  auto protobuf = std::make_shared<Lazy>([] { return openapi_v2_protobuf(openapi_v2()); });
  Route whole{"/openapi/v2", [json, protobuf](const CallPtr& call) {
                const bool as_protobuf = call->request().headers.get("accept").find("proto-openapi.spec.v2") != std::string_view::npos;
                as_protobuf ? call->send_bytes(200, protobuf_v2, net::Body(protobuf->get())) : call->send_bytes(200, "application/json", net::Body(json->get()));
              }};
  whole.any_accept = true;
  routes.push_back(std::move(whole));
  std::map<std::string, std::pair<std::string_view, std::string_view>> versions;
  for (const Resource* resource : resources::all())
    versions[(resource->group().empty() ? "api/" : "apis/" + std::string(resource->group()) + "/") + std::string(resource->version())] = {resource->group(), resource->version()};
  Members index;
  for (const auto& [path, group_version] : versions) {
    auto document = std::make_shared<Lazy>([where = group_version] { return openapi_v3(where.first, where.second).to_json(); });
    routes.push_back({"/openapi/v3/" + path, [document](const CallPtr& call) { call->send_bytes(200, "application/json", net::Body(document->get())); }});
    const std::string hash = hex_encode(net::sha256(path + std::string(served_version))).substr(0, 32);
    index.emplace_back(path, Doc::object({{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + hash}}));
  }
  const Bytes listed = store::bytes(Doc::object({{"paths", Doc::object(std::move(index))}}).to_json());
  routes.push_back({"/openapi/v3", [listed](const CallPtr& call) { call->send_bytes(200, "application/json", net::Body(listed)); }});
  return routes;
}

}  // namespace plumb::apiserver
