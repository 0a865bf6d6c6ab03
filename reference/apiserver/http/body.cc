#include "reference/apiserver/http/body.h"

#include "harness/base/encoding.h"
#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"
#include "reference/api/doc/yaml.h"

namespace plumb::apiserver {
namespace {

constexpr std::size_t body_limit = 3 << 20;
constexpr std::size_t yaml_depth = 200;

api::YamlOptions yaml_limits() {
  api::YamlOptions limits;
  limits.max_bytes = body_limit;
  limits.max_depth = yaml_depth;
  return limits;
}

std::vector<std::string> accepted_body_types() { return {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"}; }

// What the body names is not `type`; what it leaves out is taken from there.
metav1::Status wrong_kind(std::string_view named_version, std::string_view named_kind, const api::TypeInfo& type) {
  const std::string version = named_version.empty() ? api::api_version(type) : std::string(named_version);
  const std::string kind(named_kind.empty() ? type.name : named_kind);
  const bool known = api::find_type(version, kind);
  if (known && kind == type.name)
    return status::bad_request("the API version in the data (" + version + ") does not match the expected API version (" + api::api_version(type) + ")");
  return status::bad_request(kind + " in version \"" + version + "\" cannot be handled as a " + std::string(type.name) + ": " +
                             (known ? "it is of another kind" : "no kind \"" + kind + "\" is registered for version \"" + version + "\""));
}

bool fits(std::string_view api_version, std::string_view kind, const api::TypeInfo& type, std::string_view also) {
  if (!kind.empty() && kind != type.name) return false;
  return api_version.empty() || api_version == api::api_version(type) || (!also.empty() && api_version == also);
}

metav1::Status unrecognized(const api::TypeInfo& type, std::string_view why) {
  return status::bad_request("the object provided is unrecognized (must be of type " + std::string(type.name) + "): " + std::string(why));
}

metav1::Status undecodable(const api::TypeInfo& type, std::string_view why) {
  return status::bad_request(std::string(type.name) + " in version \"" + std::string(type.version) + "\" cannot be handled as a " +
                             std::string(type.name) + ": " + std::string(why));
}

ApiResult<std::shared_ptr<api::Object>> from_protobuf(const api::TypeInfo& type, std::string_view body, std::string_view also) {
  if (!body.starts_with(api::protobuf_magic))
    return unrecognized(type, "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  if (body.size() == api::protobuf_magic.size()) return unrecognized(type, "empty body");
  const auto envelope = api::open_envelope(body);
  if (!envelope.ok()) return unrecognized(type, envelope.error().message);
  if (!fits(envelope->api_version, envelope->kind, type, also))
    return wrong_kind(envelope->api_version, envelope->kind, type);
  auto object = api::decode_protobuf_message(type, envelope->raw);
  if (!object.ok()) return undecodable(type, object.error().message);
  return std::move(*object);
}

ApiResult<std::shared_ptr<api::Object>> from_json(Call& call, const api::TypeInfo& type, std::string_view json, std::string_view also) {
  const auto meta = api::peek_type_meta(json);
  if (!meta.ok()) return unrecognized(type, meta.error().message);
  if (!fits(meta->api_version, meta->kind, type, also))
    return wrong_kind(meta->api_version, meta->kind, type);
  api::DecodeReport report;
  const bool looks = call.context().field_validation != FieldValidation::ignore;
  auto object = api::decode_json(type, json, looks ? &report : nullptr);
  if (!object.ok()) return undecodable(type, object.error().message);
  if (auto refused = report_fields(call, report.problems, type.name)) return std::move(*refused);
  return std::move(*object);
}

}  // namespace

std::optional<metav1::Status> report_fields(Call& call, const std::vector<std::string>& problems, std::string_view kind) {
  if (problems.empty() || call.context().field_validation == FieldValidation::ignore) return std::nullopt;
  if (call.context().field_validation == FieldValidation::warn) {
    for (const std::string& problem : problems) call.context().warn(problem);
    return std::nullopt;
  }
  return status::bad_request(std::string(kind) + " in version \"" + call.info().version + "\" cannot be handled as a " + std::string(kind) +
                             ": strict decoding error: " + join(problems, ", "));
}

ApiResult<std::shared_ptr<api::Object>> read_object(Call& call, const api::TypeInfo& type, std::string_view also) {
  const auto encoding = body_encoding(call.request().headers.get("content-type"));
  if (!encoding) return status::unsupported_media_type(accepted_body_types());
  const std::string& body = call.request().body;
  switch (*encoding) {
    case Encoding::protobuf: return from_protobuf(type, body, also);
    case Encoding::json: return from_json(call, type, body, also);
    case Encoding::yaml: break;
  }
  const auto doc = api::parse_yaml(body, yaml_limits());
  if (!doc.ok()) return unrecognized(type, doc.error().message);
  return from_json(call, type, doc->to_json(), also);
}

namespace {

Status decode_delete_options(std::string_view json, metav1::DeleteOptions& options) {
  const auto meta = PLUMB_TRY(api::peek_type_meta(json));
  if (!meta.kind.empty() && meta.kind != "DeleteOptions") return fail(Code::invalid_argument, "decoded object cannot be converted to DeleteOptions");
  return api::decode_json_into(metav1::DeleteOptions::info(), &options, json);
}

Status decode_delete_options(Encoding encoding, std::string_view body, metav1::DeleteOptions& options) {
  if (encoding == Encoding::json) return decode_delete_options(body, options);
  if (encoding == Encoding::yaml) return decode_delete_options(PLUMB_TRY(api::parse_yaml(body, yaml_limits())).to_json(), options);
  const auto envelope = PLUMB_TRY(api::open_envelope(body));
  if (!envelope.kind.empty() && envelope.kind != "DeleteOptions") return fail(Code::invalid_argument, "decoded object cannot be converted to DeleteOptions");
  return api::decode_protobuf_into(metav1::DeleteOptions::info(), &options, envelope.raw);
}

}  // namespace

ApiResult<metav1::DeleteOptions> read_delete_options(Call& call) {
  metav1::DeleteOptions options;
  const Query& query = call.query();
  if (!call.request().body.empty()) {
    const auto encoding = body_encoding(call.request().headers.get("content-type"));
    if (!encoding) return status::unsupported_media_type(accepted_body_types());
    if (const Status read = decode_delete_options(*encoding, call.request().body, options); !read.ok()) return status::bad_request(read.error().message);
  } else {
    const auto grace = read_number(query, "gracePeriodSeconds");
    if (!grace.ok()) return grace.status();
    if (*grace) options.gracePeriodSeconds = **grace;
    if (query.has("propagationPolicy")) options.propagationPolicy = query.get("propagationPolicy");
    if (const auto orphan = query.flag("orphanDependents")) options.orphanDependents = *orphan;
    for (const std::string_view each : query.all("dryRun")) options.dryRun.push_back(api::Str(each));
  }
  if (auto refused = check_delete_options(options)) return std::move(*refused);
  call.context().dry_run = !options.dryRun.empty();
  return options;
}

ApiResult<std::optional<std::int64_t>> read_number(const Query& query, std::string_view name) {
  if (!query.has(name)) return std::optional<std::int64_t>();
  const std::string_view text = query.get(name);
  const auto number = parse_int(text);
  if (!number) return status::bad_request("strconv.ParseInt: parsing " + resources::FieldErrors::quoted(text) + ": invalid syntax");
  return std::optional<std::int64_t>(*number);
}

}  // namespace plumb::apiserver
