// One request's answer, between the ResponseWriter's threads and the protocol that carries it. Everything but the counters belongs to
// the reactor thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "harness/net/outgoing.h"
#include "harness/net/server.h"

namespace plumb::net::detail {

// The side of the connection. Calls come on the reactor thread, only while attached.
class ExchangeCarrier {
 public:
  virtual ~ExchangeCarrier() = default;
  virtual void answer_begins(Exchange& exchange) = 0;    // status and headers are set; ended when that is the whole answer
  virtual void answer_continues(Exchange& exchange) = 0;  // more in body, or ended
  virtual void answer_breaks(Exchange& exchange) = 0;     // detached already
  virtual std::shared_ptr<Stream> answer_upgrades(Exchange& exchange) = 0;  // nullptr: not possible here; else detached
};

class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
  Exchange(std::shared_ptr<Reactor> where, ExchangeCarrier& carrier, std::int32_t stream_id)
      : reactor(std::move(where)), id(stream_id), carrier_(&carrier) {}

  void send(int status_code, Headers fields, Body content);
  void begin(int status_code, Headers fields);
  void write(Bytes chunk);  // counted already
  void end(Headers trailers);
  void abort();
  void watch_cancel(std::function<void()> callback);
  void upgrade(Headers fields, const std::function<void(std::shared_ptr<Stream>)>& ready);
  bool answered() const { return !carrier_ || body.ended; }
  // The last writer has gone.
  void abandoned();

  // The carrier is done with it: completely sent, or the client has gone.
  void finish();
  void client_gone();

  const std::shared_ptr<Reactor> reactor;
  const std::int32_t id;
  std::atomic<int> writers{0};
  std::atomic<bool> gone{false};
  int status = 0;  // zero: not begun
  Headers headers;
  OutgoingBody body;
  bool whole = false;  // the body is complete from the start: its size is the Content-Length
  std::size_t length = 0;

 private:
  ExchangeCarrier* carrier_;  // nullptr: nothing more to do
  std::function<void()> on_cancel_;
};

}  // namespace plumb::net::detail
