#include "reference/informer/http_answers.h"

#include "reference/api/codec/json.h"
#include "reference/api/codec/protobuf.h"
#include "reference/apiserver/status.h"

namespace plumb::informer {

Result<metav1::Status> read_status(std::string_view body) {
  if (body.starts_with(api::protobuf_magic)) {
    const api::Envelope envelope = PLUMB_TRY(api::open_envelope(body));
    metav1::Status status;
    if (Status done = api::decode_protobuf_into(metav1::Status::info(), &status, envelope.raw); !done.ok()) return std::move(done).error();
    return status;
  }
  return api::decode_json_as<metav1::Status>(body);
}

namespace {

// Rule: client-go's, for answers that are no Status.
std::string_view reason_of(int code) {
  switch (code) {
    case 400: return metav1::StatusReasonBadRequest;
    case 401: return metav1::StatusReasonUnauthorized;
    case 403: return metav1::StatusReasonForbidden;
    case 404: return metav1::StatusReasonNotFound;
    case 405: return metav1::StatusReasonMethodNotAllowed;
    case 406: return metav1::StatusReasonNotAcceptable;
    case 409: return metav1::StatusReasonConflict;
    case 415: return metav1::StatusReasonUnsupportedMediaType;
    case 422: return metav1::StatusReasonInvalid;
    case 429: return metav1::StatusReasonTooManyRequests;
    case 503: return metav1::StatusReasonServiceUnavailable;
    case 504: return metav1::StatusReasonTimeout;
    default: return code >= 500 ? metav1::StatusReasonInternalError : metav1::StatusReasonUnknown;
  }
}

}  // namespace

Error error_of_answer(int code, std::string_view body) {
  Result<metav1::Status> status = read_status(body);
  if (status.ok() && status->code != 0) return apiserver::status::to_error(*status);
  metav1::Status plain;
  plain.code = code;
  plain.reason = reason_of(code);
  plain.message = body.empty() ? "HTTP status " + std::to_string(code) : std::string(body.substr(0, 1024));
  return apiserver::status::to_error(plain);
}

Result<std::string> raw_answer(Result<net::ClientResponse> response) {
  if (!response.ok()) return std::move(response).error();
  if (response->status >= 300) return error_of_answer(response->status, response->body);
  return std::move(response->body);
}

}  // namespace plumb::informer
