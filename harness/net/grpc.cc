#include "harness/net/grpc.h"

#include <array>
#include <deque>
#include <future>
#include <mutex>
#include <utility>

#include "harness/base/encoding.h"
#include "harness/net/client.h"

namespace plumb::net::grpc {

namespace {

constexpr Duration kFirstBackoff = std::chrono::milliseconds(100);
constexpr Duration kMaxBackoff = std::chrono::seconds(5);
constexpr std::size_t kFrameHead = 5;

struct StatusCode {
  const char* name;
  Code code;
};
// By grpc-status number.
constexpr std::array<StatusCode, 17> kStatus = {{
    {"OK", Code::internal},
    {"CANCELLED", Code::cancelled},
    {"UNKNOWN", Code::internal},
    {"INVALID_ARGUMENT", Code::invalid_argument},
    {"DEADLINE_EXCEEDED", Code::deadline_exceeded},
    {"NOT_FOUND", Code::not_found},
    {"ALREADY_EXISTS", Code::already_exists},
    {"PERMISSION_DENIED", Code::permission_denied},
    {"RESOURCE_EXHAUSTED", Code::resource_exhausted},
    {"FAILED_PRECONDITION", Code::conflict},
    {"ABORTED", Code::conflict},
    {"OUT_OF_RANGE", Code::invalid_argument},
    {"UNIMPLEMENTED", Code::unsupported},
    {"INTERNAL", Code::internal},
    {"UNAVAILABLE", Code::unavailable},
    {"DATA_LOSS", Code::internal},
    {"UNAUTHENTICATED", Code::unauthenticated},
}};

// What an answer without grpc-status means, by HTTP status (the protocol's own table).
int status_of_http(int http_status) {
  switch (http_status) {
    case 400: return 13;
    case 401: return 16;
    case 403: return 7;
    case 404: return 12;
    case 429:
    case 502:
    case 503:
    case 504: return 14;
    default: return 2;
  }
}

// "12500m": the largest unit that keeps eight digits.
std::string timeout_text(Duration timeout) {
  const std::int64_t micros = std::chrono::duration_cast<std::chrono::microseconds>(timeout).count();
  if (micros < 100'000'000) return std::to_string(std::max<std::int64_t>(micros, 1)) + "u";
  if (micros / 1000 < 100'000'000) return std::to_string(micros / 1000) + "m";
  return std::to_string(std::min<std::int64_t>(micros / 1'000'000, 99'999'999)) + "S";
}

}  // namespace

std::string frame(std::string_view message) {
  std::string out(kFrameHead, '\0');
  for (int i = 0; i < 4; ++i) out[static_cast<std::size_t>(1 + i)] = static_cast<char>(message.size() >> (24 - 8 * i));
  return out.append(message);
}

Result<std::optional<std::string>> Unframer::next() {
  const std::string_view data = std::string_view(buffer_).substr(at_);
  if (data.size() < kFrameHead) return std::optional<std::string>();
  std::size_t size = 0;
  for (std::size_t i = 1; i < kFrameHead; ++i) size = size << 8 | static_cast<unsigned char>(data[i]);
  if (data[0] != 0) return fail(Code::internal, "the gRPC message is compressed, which was not offered", "INTERNAL");
  if (size > max_message_) return fail(Code::resource_exhausted, "the gRPC message has " + std::to_string(size) + " bytes, more than allowed", "RESOURCE_EXHAUSTED");
  if (data.size() < kFrameHead + size) return std::optional<std::string>();
  std::optional<std::string> message(data.substr(kFrameHead, size));
  at_ += kFrameHead + size;
  if (at_ == buffer_.size() || at_ > (256 << 10)) buffer_.erase(0, at_), at_ = 0;
  return message;
}

namespace detail {

// Reactor thread only, but for what says otherwise.
class ChannelImpl : public std::enable_shared_from_this<ChannelImpl> {
 public:
  ChannelImpl(ChannelOptions given, std::shared_ptr<HttpClient> http) : options(std::move(given)), http_(std::move(http)) {}

  void submit(const std::shared_ptr<CallImpl>& call);
  void retry_when_ready(const std::shared_ptr<CallImpl>& call);
  void connect_failed(const Error& error);
  void worked() { backoff_ = kFirstBackoff, not_before_ = {}; }
  void shut_down();
  HttpClient& http() { return *http_; }

  const ChannelOptions options;

 private:
  std::shared_ptr<HttpClient> http_;
  Duration backoff_ = kFirstBackoff;
  Instant not_before_{};
  Error last_error_;
  std::deque<std::shared_ptr<CallImpl>> waiting_;
  bool timer_set_ = false, shut_ = false;
  void wake_later();
};

class CallImpl : public std::enable_shared_from_this<CallImpl> {
 public:
  CallImpl(std::shared_ptr<ChannelImpl> channel, std::string_view method, const CallOptions& options, StreamCallbacks callbacks)
      : channel_(std::move(channel)), method_(method), options_(options), callbacks_(std::move(callbacks)), unframer_(channel_->options.max_message),
        deadline_(options.timeout > Duration::zero() ? std::chrono::steady_clock::now() + options.timeout : Instant::max()) {}

  // Any thread, before submit().
  void set_request(std::string_view message) {
    first_ = frame(message);
    whole_ = true;
  }
  void submit() {
    reactor = channel_->options.reactor;
    if (!reactor->post([self = shared_from_this()] { self->channel_->submit(self); })) finish(fail(Code::cancelled, "the reactor has stopped"));
  }

  void start() {
    if (done_) return;
    ClientRequest request;
    request.method = "POST";
    request.target = method_;
    request.headers = options_.metadata;
    request.headers.add("host", channel_->options.authority);
    request.headers.add("content-type", "application/grpc");
    request.headers.add("te", "trailers");
    if (deadline_ != Instant::max()) {
      request.timeout = std::max<Duration>(deadline_ - std::chrono::steady_clock::now(), std::chrono::microseconds(1));
      request.headers.add("grpc-timeout", timeout_text(request.timeout));
    }
    request.stream_body = !whole_;
    request.body = whole_ ? Body(first_) : Body();
    CallCallbacks callbacks;
    callbacks.on_headers = [self = shared_from_this()](int status, const Headers& headers) { self->on_headers(status, headers); };
    callbacks.on_data = [self = shared_from_this()](std::string_view data) { self->on_data(data); };
    callbacks.on_end = [self = shared_from_this()](const Headers& trailers) { self->on_end(trailers); };
    callbacks.on_error = [self = shared_from_this()](const Error& error) { self->on_error(error); };
    {
      std::lock_guard lock(call_mutex_);
      call_ = channel_->http().stream(std::move(request), std::move(callbacks));
    }
    started_ = true;
    for (const Bytes& chunk : early_) call_.write(chunk);
    if (!options_.wait_for_ready) early_.clear();
    if (writes_done_) call_.end();
  }

  void write(std::string_view message) {
    reactor->run([self = shared_from_this(), chunk = bytes(frame(message))] {
      if (self->done_ || self->writes_done_) return;
      // Kept until the connection stands, for a call that is tried again.
      if (!self->started_ || (self->options_.wait_for_ready && !self->answered_)) self->early_.push_back(chunk);
      if (self->started_) self->call_.write(chunk);
    });
  }
  void writes_done() {
    reactor->run([self = shared_from_this()] {
      self->writes_done_ = true;
      if (self->started_) self->call_.end();
    });
  }
  void cancel() {
    reactor->run([self = shared_from_this()] { self->finish(fail(Code::cancelled, "cancelled", "CANCELLED")); });
  }
  std::size_t buffered() const {
    std::lock_guard lock(call_mutex_);
    return call_.buffered();
  }

  void finish(Status status) {
    if (std::exchange(done_, true)) return;
    const auto self = shared_from_this();
    const auto channel = std::exchange(channel_, nullptr);
    if (timer_) reactor->cancel(timer_);
    early_.clear();
    call_.cancel();
    const StreamCallbacks last = std::exchange(callbacks_, {});
    if (!last.on_done) return;
    if (status.ok()) last.on_done({});
    else last.on_done(status.error().in(method_));
  }

  bool done() const { return done_; }
  bool waits_for_ready() const { return options_.wait_for_ready; }
  // While it waits for a connection only this ends it.
  void arm_deadline() {
    if (timer_ || deadline_ == Instant::max()) return;
    timer_ = reactor->after(deadline_ - std::chrono::steady_clock::now(), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->finish(fail(Code::deadline_exceeded, "no connection in time", "DEADLINE_EXCEEDED"));
    });
  }

  std::shared_ptr<Reactor> reactor;

 private:
  void on_headers(int status, const Headers& headers) {
    answered_ = true;
    early_.clear();
    if (channel_) channel_->worked();
    http_status_ = status;
    headers_ = headers;
  }
  void on_data(std::string_view data) {
    if (done_ || http_status_ != 200) return;
    unframer_.feed(data);
    while (!done_) {
      auto message = unframer_.next();
      if (!message) return finish(std::move(message).error());
      if (!*message) return;
      if (!callbacks_.on_message) continue;
      const auto callback = callbacks_.on_message;
      callback(std::move(**message));
    }
  }
  void on_end(const Headers& trailers) {
    const Headers& from = trailers.has("grpc-status") ? trailers : headers_;  // an answer of headers only carries it there
    const std::string* text = from.find("grpc-status");
    const std::int64_t number = text ? parse_int(*text).value_or(2) : status_of_http(http_status_);
    if (text && number == 0) return finish({});
    const StatusCode& status = kStatus[number > 0 && number < static_cast<std::int64_t>(kStatus.size()) ? static_cast<std::size_t>(number) : 2];
    std::string message = url_decode(from.get("grpc-message")).value_or(std::string(from.get("grpc-message")));
    if (!text) message = "the server answered HTTP status " + std::to_string(http_status_) + " without a gRPC status";
    Error error = fail(status.code, std::move(message), status.name);
    error.http_status = http_status_;
    finish(std::move(error));
  }
  void on_error(const Error& error) {
    if (done_) return;
    Error named = error;
    named.reason = error.code == Code::deadline_exceeded ? "DEADLINE_EXCEEDED" : error.code == Code::cancelled ? "CANCELLED" : "UNAVAILABLE";
    if (error.reason == kNotConnected) {
      channel_->connect_failed(error);
      if (options_.wait_for_ready) return channel_->retry_when_ready(shared_from_this());
    }
    finish(std::move(named));
  }

  std::shared_ptr<ChannelImpl> channel_;
  const std::string method_;
  const CallOptions options_;
  StreamCallbacks callbacks_;
  Unframer unframer_;
  const Instant deadline_;
  std::string first_;
  std::vector<Bytes> early_;
  mutable std::mutex call_mutex_;
  Call call_;  // written on the reactor thread, under the mutex
  Headers headers_;
  int http_status_ = 0;
  Reactor::TimerId timer_ = 0;
  bool whole_ = false, started_ = false, answered_ = false, writes_done_ = false, done_ = false;
};

void ChannelImpl::submit(const std::shared_ptr<CallImpl>& call) {
  if (shut_) return call->finish(fail(Code::cancelled, "the channel is closed", "CANCELLED"));
  if (std::chrono::steady_clock::now() >= not_before_) return call->start();
  if (call->waits_for_ready()) return retry_when_ready(call);
  call->finish(fail(Code::unavailable, last_error_.message, "UNAVAILABLE"));
}

void ChannelImpl::retry_when_ready(const std::shared_ptr<CallImpl>& call) {
  if (shut_) return call->finish(fail(Code::cancelled, "the channel is closed", "CANCELLED"));
  call->arm_deadline();
  waiting_.push_back(call);
  wake_later();
}

void ChannelImpl::wake_later() {
  if (std::exchange(timer_set_, true)) return;
  const Duration delay = std::max<Duration>(not_before_ - std::chrono::steady_clock::now(), Duration::zero());
  options.reactor->after(delay, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->timer_set_ = false;
    for (const auto& call : std::exchange(self->waiting_, {})) self->submit(call);
  });
}

void ChannelImpl::connect_failed(const Error& error) {
  const Instant now = std::chrono::steady_clock::now();
  if (now < not_before_) return;  // of the same attempt
  last_error_ = error;
  not_before_ = now + backoff_;
  backoff_ = std::min(2 * backoff_, kMaxBackoff);
}

void ChannelImpl::shut_down() {
  shut_ = true;
  for (const auto& call : std::exchange(waiting_, {})) call->finish(fail(Code::cancelled, "the channel is closed", "CANCELLED"));
  http_.reset();
}

}  // namespace detail

void StreamCall::write(std::string_view message) {
  if (impl_) impl_->write(message);
}
void StreamCall::writes_done() {
  if (impl_) impl_->writes_done();
}
void StreamCall::cancel() {
  if (impl_) impl_->cancel();
}
std::size_t StreamCall::buffered() const { return impl_ ? impl_->buffered() : 0; }

Channel::Channel(std::shared_ptr<detail::ChannelImpl> impl) : impl_(std::move(impl)) {}
Channel::~Channel() {
  impl_->options.reactor->post([impl = impl_] { impl->shut_down(); });
}

Result<std::shared_ptr<Channel>> Channel::create(ChannelOptions options) {
  if (!options.reactor) options.reactor = shared_reactor();
  ClientOptions client;
  client.endpoint = options.endpoint;
  client.tls = options.tls;
  client.protocol = ClientOptions::Protocol::http_2;
  client.reactor = options.reactor;
  auto http = PLUMB_TRY(HttpClient::create(std::move(client)));
  return std::shared_ptr<Channel>(new Channel(std::make_shared<detail::ChannelImpl>(std::move(options), std::move(http))));
}

StreamCall Channel::unary_async(std::string_view method, std::string_view request, const CallOptions& options,
                                std::function<void(Result<std::string>)> done) {
  const auto answer = std::make_shared<std::optional<std::string>>();
  StreamCallbacks callbacks;
  callbacks.on_message = [answer](std::string message) { *answer = std::move(message); };
  callbacks.on_done = [answer, done = std::move(done), name = std::string(method)](const Status& status) {
    if (!status.ok()) done(status.error());
    else if (!*answer) done(fail(Code::internal, name + ": the server sent no message", "INTERNAL"));
    else done(std::move(**answer));
  };
  return server_stream(method, request, options, std::move(callbacks));
}

Result<std::string> Channel::unary(std::string_view method, std::string_view request, const CallOptions& options) {
  const auto promise = std::make_shared<std::promise<Result<std::string>>>();
  auto future = promise->get_future();
  unary_async(method, request, options, [promise](Result<std::string> result) { promise->set_value(std::move(result)); });
  return future.get();
}

StreamCall Channel::server_stream(std::string_view method, std::string_view request, const CallOptions& options, StreamCallbacks callbacks) {
  const auto call = std::make_shared<detail::CallImpl>(impl_, method, options, std::move(callbacks));
  call->set_request(request);
  call->submit();
  return StreamCall(call);
}

StreamCall Channel::bidi_stream(std::string_view method, const CallOptions& options, StreamCallbacks callbacks) {
  const auto call = std::make_shared<detail::CallImpl>(impl_, method, options, std::move(callbacks));
  call->submit();
  return StreamCall(call);
}

}  // namespace plumb::net::grpc
