#include "harness/net/exchange.h"

#include <utility>

namespace plumb::net {

namespace detail {

void Exchange::send(int status_code, Headers fields, Body content) {
  if (!carrier_ || status) return;
  status = status_code;
  headers = std::move(fields);
  length = content.size();
  body.queue.count(length);
  body.queue.push(content);
  whole = body.ended = true;
  carrier_->answer_begins(*this);
}

void Exchange::begin(int status_code, Headers fields) {
  if (!carrier_ || status) return;
  status = status_code;
  headers = std::move(fields);
  carrier_->answer_begins(*this);
}

void Exchange::write(Bytes chunk) {
  body.queue.push(std::move(chunk));
  if (!carrier_ || !status || body.ended) return body.queue.clear();
  carrier_->answer_continues(*this);
}

void Exchange::end(Headers trailers) {
  if (!carrier_ || !status || body.ended) return;
  body.ended = true;
  body.trailers = std::move(trailers);
  carrier_->answer_continues(*this);
}

void Exchange::abort() {
  if (!carrier_) return;
  ExchangeCarrier* carrier = carrier_;
  const auto self = shared_from_this();
  finish();
  carrier->answer_breaks(*this);
}

void Exchange::abandoned() {
  if (answered()) return;
  if (status) return abort();
  send(500, {{"Content-Type", "text/plain"}}, "the server gave no answer\n");
}

void Exchange::watch_cancel(std::function<void()> callback) {
  if (gone) return callback();
  if (carrier_) on_cancel_ = std::move(callback);
}

void Exchange::upgrade(Headers fields, const std::function<void(std::shared_ptr<Stream>)>& ready) {
  std::shared_ptr<Stream> stream;
  if (carrier_ && !status) {
    headers = std::move(fields);
    stream = carrier_->answer_upgrades(*this);
  }
  if (stream) finish();
  ready(std::move(stream));
}

void Exchange::finish() {
  carrier_ = nullptr;
  on_cancel_ = nullptr;
  body.queue.forget_watch();
  body.queue.clear();
}

void Exchange::client_gone() {
  if (!carrier_) return;
  gone = true;
  const auto callback = std::move(on_cancel_);
  finish();
  if (callback) callback();
}

}  // namespace detail

ResponseWriter::ResponseWriter(std::shared_ptr<detail::Exchange> exchange) : exchange_(std::move(exchange)) { ++exchange_->writers; }

ResponseWriter::ResponseWriter(const ResponseWriter& other) : exchange_(other.exchange_) {
  if (exchange_) ++exchange_->writers;
}

ResponseWriter& ResponseWriter::operator=(ResponseWriter other) noexcept {
  std::swap(exchange_, other.exchange_);
  return *this;
}

ResponseWriter::~ResponseWriter() {
  if (!exchange_ || --exchange_->writers) return;
  const auto reactor = exchange_->reactor;
  if (reactor->in_this_thread() && exchange_->answered()) return;
  // Behind what other threads have posted: one of them may have answered.
  reactor->post([exchange = std::move(exchange_)] { exchange->abandoned(); });
}

void ResponseWriter::send(int status, Headers headers, Body body) {
  if (exchange_->reactor->in_this_thread()) return exchange_->send(status, std::move(headers), std::move(body));
  exchange_->reactor->post([exchange = exchange_, status, headers = std::move(headers), body = std::move(body)]() mutable {
    exchange->send(status, std::move(headers), std::move(body));
  });
}

void ResponseWriter::begin(int status, Headers headers) {
  exchange_->reactor->run([exchange = exchange_, status, headers = std::move(headers)]() mutable { exchange->begin(status, std::move(headers)); });
}

void ResponseWriter::write(Bytes chunk) {
  if (!chunk || chunk->empty()) return;
  exchange_->body.queue.count(chunk->size());
  if (exchange_->reactor->in_this_thread()) return exchange_->write(std::move(chunk));
  exchange_->reactor->post([exchange = exchange_, chunk = std::move(chunk)]() mutable { exchange->write(std::move(chunk)); });
}

void ResponseWriter::end(Headers trailers) {
  exchange_->reactor->run([exchange = exchange_, trailers = std::move(trailers)]() mutable { exchange->end(std::move(trailers)); });
}

void ResponseWriter::abort() {
  exchange_->reactor->run([exchange = exchange_] { exchange->abort(); });
}

std::size_t ResponseWriter::buffered() const { return exchange_->body.queue.counted(); }

void ResponseWriter::on_writable(std::size_t low_water, std::function<void()> callback) {
  exchange_->reactor->run([exchange = exchange_, low_water, callback = std::move(callback)]() mutable {
    if (!exchange->gone) exchange->body.queue.watch(low_water, std::move(callback), *exchange->reactor);
  });
}

void ResponseWriter::on_cancel(std::function<void()> callback) {
  exchange_->reactor->run([exchange = exchange_, callback = std::move(callback)]() mutable { exchange->watch_cancel(std::move(callback)); });
}

bool ResponseWriter::cancelled() const { return exchange_->gone; }

void ResponseWriter::upgrade(Headers headers, std::function<void(std::shared_ptr<Stream>)> ready) {
  exchange_->reactor->run([exchange = exchange_, headers = std::move(headers), ready = std::move(ready)]() mutable {
    exchange->upgrade(std::move(headers), ready);
  });
}

const std::shared_ptr<Reactor>& ResponseWriter::reactor() const { return exchange_->reactor; }

}  // namespace plumb::net
