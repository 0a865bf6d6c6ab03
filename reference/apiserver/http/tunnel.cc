#include "reference/apiserver/http/tunnel.h"

#include <algorithm>

#include "harness/base/encoding.h"

namespace plumb::apiserver {
namespace {

constexpr std::size_t buffered_limit = 1 << 20;
constexpr std::size_t buffered_low = 128 << 10;
constexpr std::size_t refusal_limit = 50'000;  // of the text in which the other side says why it refuses
constexpr Duration handshake_timeout = std::chrono::seconds(30);

bool concerns_one_hop(std::string_view name) {
  for (const char* each : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "te", "trailer", "upgrade", "content-length", "host"})
    if (net::same_name(name, each)) return true;
  return false;
}

bool is_credential(std::string_view name) {
  return net::same_name(name, "authorization") || net::same_name(name, "cookie") || (name.size() > 12 && net::same_name(name.substr(0, 12), "impersonate-"));
}

std::string without_token(std::string_view protocols) {
  std::string kept;
  for (const std::string_view protocol : split(protocols, ','))
    if (!trim(protocol).starts_with("base64url.bearer.")) kept.append(kept.empty() ? "" : ", ").append(trim(protocol));
  return kept;
}

// How a proxy that is trusted says who the user is.
bool names_user(std::string_view name) { return name.size() > 9 && net::same_name(name.substr(0, 9), "x-remote-"); }

net::Headers passed_on(const net::Headers& headers, const Passage& passage) {
  net::Headers out = passage.added;
  for (const auto& [name, value] : headers) {
    if (concerns_one_hop(name) || is_credential(name) || (passage.verbatim && names_user(name))) continue;
    if (net::same_name(name, "sec-websocket-protocol")) {
      if (std::string kept = without_token(value); !kept.empty()) out.add(name, std::move(kept));
    } else {
      out.add(name, value);
    }
  }
  return out;
}

net::Headers passed_back(const net::Headers& headers) {
  net::Headers out;
  for (const auto& [name, value] : headers)
    if (!concerns_one_hop(name)) out.add(name, value);
  return out;
}

metav1::Status unreachable(const std::string& what, const Error& error) {
  metav1::Status status = status::internal("error dialing " + what + ": " + error.message);
  if (error.code == Code::unavailable) status.code = 502;
  return status;
}

void cannot_reach(const CallPtr& call, const std::string& what, const Error& error, bool verbatim) {
  if (!verbatim) return call->send_status(unreachable(what, error));
  if (error.code == Code::deadline_exceeded) return call->send_status(status::timeout(what + " did not answer in time"));
  call->send_text(503, "text/plain; charset=utf-8", error.message + "\n");
}

// A refusal in plain text, as a kubelet gives it, becomes what clients of the API expect. Rule: upstream's response checker for proxied requests.
metav1::Status refusal(int code, std::string text) {
  if (code == 400) return status::bad_request(std::move(text));
  metav1::Status answer = code == 404 ? status::path_not_found() : status::internal(text);
  answer.code = code;
  return answer;
}

// A plain exchange whose answer may be endless (logs -f).
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(CallPtr call, std::shared_ptr<net::HttpClient> client, std::string what, bool verbatim)
      : call_(std::move(call)), client_(std::move(client)), what_(std::move(what)), verbatim_(verbatim) {}

  void start(net::ClientRequest request) {
    const auto self = shared_from_this();
    net::CallCallbacks callbacks;
    callbacks.on_headers = [self](int code, const net::Headers& headers) {
      if (code >= 300 && !self->verbatim_) {
        self->refused_ = code;
        return;
      }
      self->begun_ = true;
      self->call_->began_stream(code);
      self->call_->writer().begin(code, passed_back(headers));
    };
    callbacks.on_data = [self](std::string_view data) {
      if (self->refused_ == 0) return self->pass(data);
      self->why_.append(data.substr(0, refusal_limit - std::min(refusal_limit, self->why_.size())));
    };
    callbacks.on_end = [self](const net::Headers&) {
      if (self->refused_ == 0) return self->call_->writer().end();
      self->call_->send_status(refusal(self->refused_, std::move(self->why_)));
    };
    callbacks.on_error = [self](const Error& error) { self->begun_ ? self->call_->writer().abort() : cannot_reach(self->call_, self->what_, error, self->verbatim_); };
    far_ = client_->stream(std::move(request), std::move(callbacks));
    call_->writer().on_cancel([far = far_]() mutable { far.cancel(); });
  }

 private:
  void pass(std::string_view data) {
    call_->writer().write(std::string(data));
    if (call_->writer().buffered() < buffered_limit) return;
    far_.pause();
    call_->writer().on_writable(buffered_low, [far = far_]() mutable { far.resume(); });
  }

  const CallPtr call_;
  const std::shared_ptr<net::HttpClient> client_;
  const std::string what_;
  const bool verbatim_;
  net::Call far_;
  bool begun_ = false;
  int refused_ = 0;  // the status by which the other side refuses
  std::string why_;
};

void upgrade(const CallPtr& call, const std::shared_ptr<net::HttpClient>& client, net::ClientRequest request, const std::string& what, bool verbatim) {
  request.headers.set("Connection", "Upgrade");
  request.headers.set("Upgrade", std::string(call->request().headers.get("upgrade")));
  request.timeout = handshake_timeout;
  client->upgrade_async(std::move(request), [call, client, what, verbatim](Result<net::HttpClient::Upgraded> answered) {
    if (!answered.ok()) return cannot_reach(call, what, answered.error(), verbatim);
    const auto far = answered->stream;
    if (!far) {
      call->began_stream(answered->response.status);
      return call->writer().send(answered->response.status, passed_back(answered->response.headers), net::Body(answered->response.body));
    }
    call->began_stream(101);
    call->writer().upgrade(answered->response.headers, [call, client, far](std::shared_ptr<net::Stream> near) {
      if (!near) return far->close();
      net::splice(near, far, [call, client] {});
    });
  });
}

}  // namespace

void tunnel(const CallPtr& call, const std::shared_ptr<net::HttpClient>& client, std::string target, std::string what, Passage passage) {
  net::ClientRequest request;
  request.method = call->request().method;
  request.target = std::move(target);
  request.headers = passed_on(call->request().headers, passage);
  request.body = net::Body(call->request().body);
  if (call->request().headers.has("upgrade")) return upgrade(call, client, std::move(request), what, passage.verbatim);
  request.timeout = passage.timeout;
  std::make_shared<Exchange>(call, client, std::move(what), passage.verbatim)->start(std::move(request));
}

}  // namespace plumb::apiserver
