#include "reference/apiserver/http/call.h"

#include "reference/apiserver/http/forms.h"

namespace plumb::apiserver {

Call::~Call() {
  if (finished_) finished_(*this);
}

void Call::on_reactor(std::function<void()> work) { writer_.reactor()->run(std::move(work)); }

net::Headers Call::headers(std::string_view type) const {
  net::Headers headers{{"content-type", std::string(type)}, {"cache-control", "no-cache, private"}};
  for (const std::string& warning : context_.warnings->texts()) {
    std::string quoted;
    for (const char c : warning) {
      if (c == '"' || c == '\\') quoted += '\\';
      if (static_cast<unsigned char>(c) >= 0x20) quoted += c;
    }
    headers.add("warning", "299 - \"" + quoted + "\"");
  }
  for (const auto& [name, value] : headers_) headers.add(name, value);
  return headers;
}

void Call::send_bytes(int code, std::string_view type, net::Body body) {
  answered_ = code;
  writer_.send(code, headers(type), request_.method == "HEAD" ? net::Body() : std::move(body));
}

void Call::send_text(int code, std::string_view type, std::string text) { send_bytes(code, type, net::Body(std::move(text))); }

void Call::send_status(const metav1::Status& status) {
  const int code = status.code ? status.code : 200;
  if (status.details && status.details->retryAfterSeconds > 0) add_header("retry-after", std::to_string(status.details->retryAfterSeconds));
  send_text(code, content_type(accepted_.encoding), struct_form("v1", metav1::Status::info(), &status, accepted_.encoding));
}

void Call::send_object(int code, const Resource& resource, const CachedPtr& object) {
  send_bytes(code, content_type(accepted_.encoding), net::Body(object_form(resource, object, accepted_, include_object(query_), clock_.wall(), true)));
}

void Call::send_list(const Resource& resource, const ListResult& list) {
  send_text(200, content_type(accepted_.encoding), list_form(resource, list, accepted_, include_object(query_), clock_.wall()));
}

void Call::send_struct(int code, std::string_view api_version, const api::TypeInfo& type, const void* structure) {
  send_text(code, content_type(accepted_.encoding), struct_form(api_version, type, structure, accepted_.encoding));
}

}  // namespace plumb::apiserver
