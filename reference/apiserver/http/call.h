// One HTTP request to the API and the ways to answer it. Shared by the callbacks that work on it; answers from any thread, once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/net/server.h"
#include "reference/apiserver/http/negotiation.h"
#include "reference/apiserver/http/path.h"
#include "reference/apiserver/registry/registry.h"

namespace plumb::apiserver {

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(net::Request request, net::ResponseWriter writer, Clock& clock)
      : request_(std::move(request)), writer_(std::move(writer)), clock_(clock), began_(clock.now()), query_(request_.query) {
    context_.warnings = std::make_shared<Warnings>();
  }
  ~Call();

  const net::Request& request() const { return request_; }
  net::ResponseWriter& writer() { return writer_; }
  const Query& query() const { return query_; }
  RequestInfo& info() { return info_; }
  Accepted& accepted() { return accepted_; }
  RequestContext& context() { return context_; }
  Clock& clock() const { return clock_; }
  Instant began() const { return began_; }
  int answered() const { return answered_; }  // the status code; 0: not yet
  // Called with the status code when the answer is complete or the client is gone.
  void on_finished(std::function<void(Call&)> callback) { finished_ = std::move(callback); }

  void add_header(std::string name, std::string value) { headers_.emplace_back(std::move(name), std::move(value)); }

  // Answers in the negotiated encoding. The table and metadata forms are made here too.
  void send_status(const metav1::Status& status);
  void send_object(int code, const Resource& resource, const CachedPtr& object);
  void send_list(const Resource& resource, const ListResult& list);
  // Any API struct that has kind and apiVersion in JSON (discovery documents, Scale, reviews).
  void send_struct(int code, std::string_view api_version, const api::TypeInfo& type, const void* structure);
  void send_text(int code, std::string_view type, std::string text);
  void send_bytes(int code, std::string_view type, net::Body body);
  // Records the code of an answer that is streamed through writer().
  void began_stream(int code) { answered_ = code; }
  net::Headers headers(std::string_view type) const;

  // Runs `work` on the reactor of this request's connection.
  void on_reactor(std::function<void()> work);

 private:
  net::Request request_;
  net::ResponseWriter writer_;
  Clock& clock_;
  const Instant began_;
  Query query_;
  RequestInfo info_;
  Accepted accepted_;
  RequestContext context_;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::function<void(Call&)> finished_;
  int answered_ = 0;
};
using CallPtr = std::shared_ptr<Call>;

// `Done` that answers on the reactor of the call with a Status when it failed, else with `then`.
template <class T>
Done<T> answer(CallPtr call, std::function<void(T)> then) {
  return [call = std::move(call), then = std::move(then)](ApiResult<T> result) {
    call->on_reactor([call, then, result = std::move(result)]() mutable { result.ok() ? then(std::move(*result)) : call->send_status(result.status()); });
  };
}

}  // namespace plumb::apiserver
