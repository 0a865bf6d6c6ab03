#include "harness/net/client.h"

#include <future>
#include <utility>

#include "harness/net/client_pool.h"

namespace plumb::net {

namespace detail {

namespace {
Error not_connected(Error error) {
  error.reason = kNotConnected;
  return error;
}
}  // namespace

CallState::CallState(ClientRequest what, CallCallbacks hooks, std::shared_ptr<ClientPool> where)
    : request(std::move(what)), callbacks(std::move(hooks)), pool(std::move(where)), reactor_(pool->options.reactor) {
  body.queue.count(request.body.size());
  body.queue.push(request.body);
  body.ended = !request.stream_body;
}

void CallState::settle() {
  done = true;
  connection = nullptr;
  reactor_->cancel(timer);
  body.queue.forget_watch();
  body.queue.clear();
  on_switch = nullptr;
}

void CallState::finish() {
  if (done) return;
  settle();
  const auto keep = std::exchange(pool, nullptr);
  const CallCallbacks last = std::exchange(callbacks, {});
  if (last.on_end) last.on_end(trailers);
}

void CallState::fail_with(Error error) {
  if (done) return;
  ClientConnection* const on = connection;
  settle();
  const auto keep = std::exchange(pool, nullptr);
  const auto self = shared_from_this();
  if (on) on->drop(*this);
  const CallCallbacks last = std::exchange(callbacks, {});
  if (last.on_error) last.on_error(error);
}

void CallState::cancel() { fail_with(fail(Code::cancelled, request.method + " " + request.target + ": cancelled")); }

void CallState::write(Bytes chunk) {
  body.queue.push(std::move(chunk));
  if (done || body.ended) return body.queue.clear();
  if (connection) connection->body_grows(*this);
}

void CallState::end_body() {
  if (done || body.ended) return;
  body.ended = true;
  if (connection) connection->body_grows(*this);
}

void CallState::set_paused(bool value) {
  if (paused == value) return;
  paused = value;
  if (connection) connection->pause_changed(*this);
}

const std::string& ClientPool::server_name() const {
  static const std::string none;
  if (!options.tls || options.tls->insecure_skip_verify) return options.tls ? options.tls->server_name : none;
  return options.tls->server_name.empty() ? options.endpoint.host : options.tls->server_name;
}

std::size_t ClientPool::allowed_connections() const {
  if (protocol_ == Seen::http_1_1) return options.http1_connections;
  if (protocol_ == Seen::unknown) return 1;
  // More than asked for only while every one is full.
  std::size_t full = 0;
  for (const auto& connection : connections_) full += connection->room() == 0;
  return full >= options.http2_connections && full == connections_.size() ? std::min(full + 1, 4 * options.http2_connections)
                                                                           : options.http2_connections;
}

void ClientPool::submit(const std::shared_ptr<CallState>& call) {
  if (shut_) return call->fail_with(fail(Code::cancelled, "the client is shut down"));
  if (waiting_.size() >= options.max_queued)
    return call->fail_with(fail(Code::resource_exhausted, "requests to " + options.endpoint.text() + ": too many wait already"));
  if (call->request.timeout > Duration::zero())
    call->timer = options.reactor->after(call->request.timeout, [weak = std::weak_ptr(call)] {
      const auto call = weak.lock();
      if (call && !call->done)
        call->fail_with(fail(Code::deadline_exceeded, call->request.method + " " + call->request.target + ": no complete answer in time"));
    });
  waiting_.push_back(call);
  pump();
}

void ClientPool::submit_upgrade(const std::shared_ptr<CallState>& call) {
  if (shut_) return call->fail_with(fail(Code::cancelled, "the client is shut down"));
  if (call->request.timeout > Duration::zero())
    call->timer = options.reactor->after(call->request.timeout, [weak = std::weak_ptr(call)] {
      const auto call = weak.lock();
      if (call && !call->done) call->fail_with(fail(Code::deadline_exceeded, "upgrading " + call->request.target + ": no answer in time"));
    });
  const std::uint64_t id = next_dial_++;
  dials_[id] = dial(options.reactor, options.endpoint, tls_h1_, server_name(), options.connect_timeout,
                    [self = shared_from_this(), call, id](Result<Dialled> dialled) {
                      self->dials_.erase(id);
                      if (!dialled) return call->fail_with(not_connected(dialled.error()));
                      if (call->done) return dialled->channel->close({});
                      const auto connection = new_h1_client(self);
                      ++self->open;
                      self->retired_.insert(connection);
                      connection->channel = dialled->channel;
                      connection->channel->set_user(connection);
                      connection->take(call);
                    });
}

void ClientPool::retry(const std::shared_ptr<CallState>& call, Error error) {
  if (call->done) return;
  const bool body_gone = call->request.stream_body;
  if (shut_ || call->retried || body_gone || call->header_done || call->on_switch) return call->fail_with(std::move(error));
  call->retried = true;
  call->connection = nullptr;
  call->body.queue.clear();
  call->body.queue.count(call->request.body.size());
  call->body.queue.push(call->request.body);
  call->body.deferred = false;
  waiting_.push_front(call);
  options.reactor->post([self = shared_from_this()] { self->pump(); });
}

std::shared_ptr<ClientConnection> ClientPool::pick() {
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const auto& connection = connections_[next_++ % connections_.size()];
    if (connection->room()) return connection;
  }
  return nullptr;
}

void ClientPool::pump() {
  if (pumping_) return;
  pumping_ = true;
  while (!waiting_.empty()) {
    if (waiting_.front()->done) {
      waiting_.pop_front();
      continue;
    }
    const auto connection = pick();
    // HTTP/2 connections are all made before one is filled, so that streams spread evenly; HTTP/1.1 ones when none is free.
    if (!connection || protocol_ == Seen::http_2)
      while (dialling_ < waiting_.size() && connections_.size() + dialling_ < allowed_connections()) connect();
    if (!connection) break;
    const auto call = std::move(waiting_.front());
    waiting_.pop_front();
    connection->take(call);
  }
  pumping_ = false;
}

void ClientPool::connect() {
  ++dialling_;
  const std::uint64_t id = next_dial_++;
  dials_[id] = dial(options.reactor, options.endpoint, options.protocol == ClientOptions::Protocol::http_1_1 ? tls_h1_ : tls_, server_name(),
                    options.connect_timeout, [self = shared_from_this(), id](Result<Dialled> dialled) {
                      self->dials_.erase(id);
                      --self->dialling_;
                      self->connected(std::move(dialled));
                    });
}

void ClientPool::connected(Result<Dialled> dialled) {
  if (!dialled) {
    // Who waits would wait in vain; others may have a connection already.
    if (!connections_.empty() || dialling_) return pump();
    for (auto& call : std::exchange(waiting_, {})) call->fail_with(not_connected(dialled.error()));
    return;
  }
  const bool http_2 = dialled->http_2 || (!options.tls && options.protocol == ClientOptions::Protocol::http_2);
  if (!http_2 && options.protocol == ClientOptions::Protocol::http_2) {
    dialled->channel->close({});
    for (auto& call : std::exchange(waiting_, {}))
      call->fail_with(fail(Code::unsupported, "connecting to " + options.endpoint.text() + ": the server does not offer HTTP/2"));
    return;
  }
  protocol_ = http_2 ? Seen::http_2 : Seen::http_1_1;
  adopt(http_2 ? new_h2_client(shared_from_this()) : new_h1_client(shared_from_this()), dialled->channel);
}

void ClientPool::adopt(const std::shared_ptr<ClientConnection>& connection, std::shared_ptr<Channel> channel) {
  ++open;
  connection->channel = std::move(channel);
  connections_.push_back(connection);
  connection->channel->set_user(connection);
  connection->on_ready();
  if (!std::exchange(ticking_, true)) tick();
  pump();
}

void ClientPool::retire(ClientConnection& connection) {
  for (auto at = connections_.begin(); at != connections_.end(); ++at) {
    if (at->get() != &connection) continue;
    retired_.insert(*at);
    connections_.erase(at);
    return;
  }
}

void ClientPool::gone(ClientConnection& connection) {
  retire(connection);
  const auto self = shared_from_this();
  if (retired_.erase(connection.shared_from_this())) --open;
  if (!shut_) pump();
}

void ClientPool::tick() {
  if (shut_ || connections_.empty()) {
    ticking_ = false;
    return;
  }
  const Instant now = std::chrono::steady_clock::now();
  for (const auto& connection : std::vector(connections_)) {
    if (connection->calls()) {
      connection->idle_since = now;
      connection->tick(now);
    } else if (now - connection->idle_since > options.idle_timeout) {
      retire(*connection);
      connection->channel->close({});
    }
  }
  options.reactor->after(std::min<Duration>(std::chrono::seconds(1), options.idle_timeout), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tick();
  });
}

void ClientPool::shut_down() {
  shut_ = true;
  const auto self = shared_from_this();
  for (auto& [id, give_up] : std::exchange(dials_, {})) give_up();
  const Error why = fail(Code::cancelled, "the client is shut down");
  for (auto& call : std::exchange(waiting_, {})) call->fail_with(why);
  for (const auto& connection : std::vector(connections_)) connection->channel->close(why);
  for (const auto& connection : std::vector(retired_.begin(), retired_.end())) connection->channel->close(why);
}

}  // namespace detail

using detail::CallState;
using detail::ClientPool;

void Call::cancel() {
  if (state_) state_->reactor()->run([state = state_] { state->cancel(); });
}
void Call::write(Bytes chunk) {
  if (!state_ || !chunk || chunk->empty()) return;
  state_->body.queue.count(chunk->size());
  state_->reactor()->run([state = state_, chunk = std::move(chunk)]() mutable { state->write(std::move(chunk)); });
}
void Call::end() {
  if (state_) state_->reactor()->run([state = state_] { state->end_body(); });
}
std::size_t Call::buffered() const { return state_ ? state_->body.queue.counted() : 0; }
void Call::pause() {
  if (state_) state_->reactor()->run([state = state_] { state->set_paused(true); });
}
void Call::resume() {
  if (state_) state_->reactor()->run([state = state_] { state->set_paused(false); });
}

HttpClient::HttpClient(std::shared_ptr<ClientPool> pool) : pool_(std::move(pool)) {}
HttpClient::~HttpClient() {
  pool_->options.reactor->post([pool = pool_] { pool->shut_down(); });
}

Result<std::shared_ptr<HttpClient>> HttpClient::create(ClientOptions options) {
  detail::SslContext any, only_h1;
  if (options.tls) {
    using Protocol = ClientOptions::Protocol;
    any = PLUMB_TRY(detail::make_client_context(*options.tls, options.protocol == Protocol::http_2 ? detail::Alpn::http_2 : detail::Alpn::both));
    only_h1 = PLUMB_TRY(detail::make_client_context(*options.tls, detail::Alpn::http_1_1));
  }
  if (!options.reactor) options.reactor = shared_reactor();
  return std::shared_ptr<HttpClient>(
      new HttpClient(std::make_shared<ClientPool>(std::move(options), std::move(any), std::move(only_h1))));
}

Call HttpClient::stream(ClientRequest request, CallCallbacks callbacks) {
  const auto state = std::make_shared<CallState>(std::move(request), std::move(callbacks), pool_);
  if (!pool_->options.reactor->post([pool = pool_, state] { pool->submit(state); })) state->fail_with(fail(Code::cancelled, "the reactor has stopped"));
  return Call(state);
}

Call HttpClient::send_async(ClientRequest request, std::function<void(Result<ClientResponse>)> done) {
  struct Gathered {
    ClientResponse response;
    std::function<void(Result<ClientResponse>)> done;
    std::weak_ptr<CallState> state;
  };
  const auto gathered = std::make_shared<Gathered>();
  gathered->done = std::move(done);
  const std::size_t limit = pool_->options.max_response_bytes;
  CallCallbacks callbacks;
  callbacks.on_headers = [gathered](int status, const Headers& headers) {
    gathered->response.status = status;
    gathered->response.headers = headers;
  };
  callbacks.on_data = [gathered, limit](std::string_view data) {
    if (gathered->response.body.size() + data.size() <= limit) return void(gathered->response.body.append(data));
    if (const auto state = gathered->state.lock()) state->fail_with(fail(Code::resource_exhausted, "the response is larger than " + std::to_string(limit) + " bytes"));
  };
  callbacks.on_end = [gathered](const Headers& trailers) {
    gathered->response.trailers = trailers;
    if (const auto state = gathered->state.lock()) gathered->response.version = state->version;
    gathered->done(std::move(gathered->response));
  };
  callbacks.on_error = [gathered](const Error& error) { gathered->done(error); };
  const auto state = std::make_shared<CallState>(std::move(request), std::move(callbacks), pool_);
  gathered->state = state;
  if (!pool_->options.reactor->post([pool = pool_, state] { pool->submit(state); })) state->fail_with(fail(Code::cancelled, "the reactor has stopped"));
  return Call(state);
}

Result<ClientResponse> HttpClient::send(ClientRequest request) {
  const auto promise = std::make_shared<std::promise<Result<ClientResponse>>>();
  auto future = promise->get_future();
  send_async(std::move(request), [promise](Result<ClientResponse> result) { promise->set_value(std::move(result)); });
  return future.get();
}

Call HttpClient::upgrade_async(ClientRequest request, std::function<void(Result<Upgraded>)> done) {
  struct Gathered {
    Upgraded upgraded;
    std::function<void(Result<Upgraded>)> done;
  };
  const auto gathered = std::make_shared<Gathered>();
  gathered->done = std::move(done);
  CallCallbacks callbacks;
  callbacks.on_headers = [gathered](int status, const Headers& headers) {
    gathered->upgraded.response.status = status;
    gathered->upgraded.response.headers = headers;
  };
  callbacks.on_data = [gathered](std::string_view data) {
    if (gathered->upgraded.response.body.size() < (1 << 20)) gathered->upgraded.response.body.append(data);
  };
  callbacks.on_end = [gathered](const Headers&) { gathered->done(std::move(gathered->upgraded)); };
  callbacks.on_error = [gathered](const Error& error) { gathered->done(error); };
  const auto state = std::make_shared<CallState>(std::move(request), std::move(callbacks), pool_);
  state->on_switch = [gathered](std::shared_ptr<Stream> stream) { gathered->upgraded.stream = std::move(stream); };
  if (!pool_->options.reactor->post([pool = pool_, state] { pool->submit_upgrade(state); }))
    state->fail_with(fail(Code::cancelled, "the reactor has stopped"));
  return Call(state);
}

Result<HttpClient::Upgraded> HttpClient::upgrade(ClientRequest request) {
  const auto promise = std::make_shared<std::promise<Result<Upgraded>>>();
  auto future = promise->get_future();
  upgrade_async(std::move(request), [promise](Result<Upgraded> result) { promise->set_value(std::move(result)); });
  return future.get();
}

const std::shared_ptr<Reactor>& HttpClient::reactor() const { return pool_->options.reactor; }
std::size_t HttpClient::open_connections() const { return pool_->open; }

}  // namespace plumb::net
