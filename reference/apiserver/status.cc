#include "reference/apiserver/status.h"

namespace plumb::apiserver {

std::string GroupResource::text() const {
  std::string out(resource);
  if (!group.empty()) out.append(".").append(group);
  return out;
}

namespace status {
namespace {

metav1::Status make(int code, std::string_view reason, std::string message) {
  metav1::Status made;
  made.status = "Failure";
  made.code = code;
  made.reason = reason;
  made.message = message;
  return made;
}

metav1::StatusDetails& name_object(metav1::Status& status, GroupResource resource, std::string_view name) {
  metav1::StatusDetails& details = status.details.ensure();
  if (!name.empty()) details.name = name;
  if (!resource.group.empty()) details.group = resource.group;
  if (!resource.resource.empty()) details.kind = resource.resource;
  return details;
}

metav1::Status about(int code, std::string_view reason, GroupResource resource, std::string_view name, std::string message) {
  metav1::Status made = make(code, reason, std::move(message));
  name_object(made, resource, name);
  return made;
}

std::string quoted(std::string_view text) { return std::string("\"").append(text).append("\""); }

std::string list_of(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out.append(out.empty() ? "" : ", ").append(part);
  return out;
}

}  // namespace

metav1::Status bad_request(std::string message) { return make(400, metav1::StatusReasonBadRequest, std::move(message)); }

metav1::Status unauthorized(std::string message) { return make(401, metav1::StatusReasonUnauthorized, std::move(message)); }

metav1::Status forbidden(GroupResource resource, std::string_view name, std::string_view why) {
  std::string text;
  if (resource.resource.empty()) {
    text = std::string("forbidden: ").append(why);
  } else {
    text = resource.text();
    if (!name.empty()) text.append(" ").append(quoted(name));
    text.append(" is forbidden: ").append(why);
  }
  return about(403, metav1::StatusReasonForbidden, resource, name, std::move(text));
}

metav1::Status not_found(GroupResource resource, std::string_view name) {
  return about(404, metav1::StatusReasonNotFound, resource, name, resource.text() + " " + quoted(name) + " not found");
}

metav1::Status already_exists(GroupResource resource, std::string_view name) {
  return about(409, metav1::StatusReasonAlreadyExists, resource, name, resource.text() + " " + quoted(name) + " already exists");
}

metav1::Status conflict(GroupResource resource, std::string_view name, std::string_view why) {
  return about(409, metav1::StatusReasonConflict, resource, name,
               "Operation cannot be fulfilled on " + resource.text() + " " + quoted(name) + ": " + std::string(why));
}

metav1::Status stale(GroupResource resource, std::string_view name) {
  return conflict(resource, name, "the object has been modified; please apply your changes to the latest version and try again");
}

metav1::Status invalid(std::string_view group, std::string_view kind, std::string_view name, const resources::FieldErrors& errors) {
  std::string what(kind);
  if (!group.empty()) what.append(".").append(group);
  metav1::Status made = about(422, metav1::StatusReasonInvalid, {group, kind}, name, what + " " + quoted(name) + " is invalid: " + errors.to_string());
  for (const resources::FieldError& error : errors.list()) {
    metav1::StatusCause& cause = made.details->causes.emplace_back();
    cause.reason = error.reason;
    cause.message = error.message;
    cause.field = error.field;
  }
  return made;
}

metav1::Status expired(std::string message) { return make(410, metav1::StatusReasonExpired, std::move(message)); }

metav1::Status too_old(std::string_view requested, std::string_view oldest) {
  return expired(std::string("too old resource version: ").append(requested).append(" (").append(oldest).append(")"));
}

metav1::Status too_large_resource_version(std::uint64_t requested, std::uint64_t current) {
  metav1::Status made = make(504, metav1::StatusReasonTimeout,
                             "Timeout: Too large resource version: " + std::to_string(requested) + ", current: " + std::to_string(current));
  metav1::StatusDetails& details = made.details.ensure();
  details.retryAfterSeconds = 1;
  metav1::StatusCause& cause = details.causes.emplace_back();
  cause.reason = metav1::CauseTypeResourceVersionTooLarge;
  cause.message = "Too large resource version";
  return made;
}

metav1::Status method_not_allowed(GroupResource resource, std::string_view verb) {
  return about(405, metav1::StatusReasonMethodNotAllowed, resource, {},
               std::string(verb).append(" is not supported on resources of kind ").append(quoted(resource.text())));
}

metav1::Status path_not_found() {
  metav1::Status made = make(404, metav1::StatusReasonNotFound, "the server could not find the requested resource");
  made.details.ensure();
  return made;
}

metav1::Status not_acceptable(const std::vector<std::string>& offered) {
  return make(406, metav1::StatusReasonNotAcceptable, "only the following media types are accepted: " + list_of(offered));
}

metav1::Status unsupported_media_type(const std::vector<std::string>& accepted, std::string_view sent) {
  std::string text = "the body of the request was in an unknown format - accepted media types include: " + list_of(accepted);
  if (sent.starts_with("application/apply-patch")) text = "server-side apply is not supported by this API server, use client-side apply - accepted media types include: " + list_of(accepted);
  return make(415, metav1::StatusReasonUnsupportedMediaType, std::move(text));
}

metav1::Status entity_too_large(std::string message) { return make(413, metav1::StatusReasonRequestEntityTooLarge, std::move(message)); }

metav1::Status too_many_requests(std::string message, int retry_after_seconds) {
  metav1::Status made = make(429, metav1::StatusReasonTooManyRequests, std::move(message));
  if (retry_after_seconds > 0) made.details.ensure().retryAfterSeconds = retry_after_seconds;
  return made;
}

metav1::Status timeout(std::string message, int retry_after_seconds) {
  metav1::Status made = make(504, metav1::StatusReasonTimeout, "Timeout: " + message);
  if (retry_after_seconds > 0) made.details.ensure().retryAfterSeconds = retry_after_seconds;
  return made;
}

metav1::Status unavailable(std::string message) { return make(503, metav1::StatusReasonServiceUnavailable, std::move(message)); }

metav1::Status internal(std::string_view message) {
  metav1::Status made = make(500, metav1::StatusReasonInternalError, std::string("Internal error occurred: ").append(message));
  made.details.ensure().causes.emplace_back().message = message;
  return made;
}

metav1::Status from_error(const Error& error) {
  switch (error.code) {
    case Code::resource_exhausted: return too_many_requests(error.message, 1);
    case Code::unavailable: return unavailable(error.message);
    case Code::deadline_exceeded: return timeout(error.message);
    case Code::expired: return expired(error.message);
    case Code::invalid_argument: return bad_request(error.message);
    default: return internal(error.message);
  }
}

Error to_error(const metav1::Status& status) {
  Code code = Code::internal;
  switch (status.code) {
    case 400: case 405: case 406: case 413: case 415: case 422: code = Code::invalid_argument; break;
    case 401: code = Code::unauthenticated; break;
    case 403: code = Code::permission_denied; break;
    case 404: code = Code::not_found; break;
    case 409: code = status.reason == metav1::StatusReasonAlreadyExists ? Code::already_exists : Code::conflict; break;
    case 410: code = Code::expired; break;
    case 429: code = Code::resource_exhausted; break;
    case 503: code = Code::unavailable; break;
    case 504: code = Code::deadline_exceeded; break;
  }
  Error error = fail(code, status.message.str(), status.reason.str());
  error.http_status = status.code;
  return error;
}

metav1::Status success() {
  metav1::Status made;
  made.status = "Success";
  return made;
}

}  // namespace status
}  // namespace plumb::apiserver
