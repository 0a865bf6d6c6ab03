#include "harness/net/local.h"

#include <optional>

#include "harness/net/exchange.h"

namespace plumb::net {
namespace {

// Takes the place of the connection, and collects what it would have carried.
class LocalExchange final : public detail::ExchangeCarrier, public detail::Exchange {
 public:
  LocalExchange(std::shared_ptr<Reactor> where, LocalOptions options, std::function<void(Result<ClientResponse>)> done)
      : Exchange(std::move(where), *this, 0), options_(options), done_(std::move(done)) {}
  // What was still waiting on a reactor that stopped.
  ~LocalExchange() override { tell(fail(Code::unavailable, "the server stopped before it answered")); }

  void start_timer() {
    timer_ = reactor->after(options_.timeout, [weak = weak_from_this()] {
      const auto self = std::static_pointer_cast<LocalExchange>(weak.lock());
      if (!self) return;
      self->timer_.reset();
      self->give_up(fail(Code::deadline_exceeded, "no complete answer within " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(self->options_.timeout).count()) + " s"));
    });
  }

  void answer_begins(Exchange&) override {
    response_.status = status;
    response_.headers = headers;
    collect();
  }
  void answer_continues(Exchange&) override { collect(); }
  void answer_breaks(Exchange&) override { tell(fail(Code::unavailable, "the answer broke off")); }
  std::shared_ptr<Stream> answer_upgrades(Exchange&) override { return nullptr; }

 private:
  void collect() {
    body.queue.take(response_.body, body.queue.size());
    body.queue.drained(*reactor);
    if (response_.body.size() > options_.max_response_bytes)
      return give_up(fail(Code::resource_exhausted, "the answer is larger than " + std::to_string(options_.max_response_bytes) + " bytes"));
    if (!body.ended) return;
    response_.trailers = body.trailers;
    finish();
    tell(std::move(response_));
  }
  void give_up(Error why) {
    client_gone();
    tell(std::move(why));
  }
  void tell(Result<ClientResponse> result) {
    if (timer_) reactor->cancel(*timer_);
    timer_.reset();
    if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

  const LocalOptions options_;
  std::function<void(Result<ClientResponse>)> done_;
  ClientResponse response_;
  std::optional<Reactor::TimerId> timer_;
};

}  // namespace

void ask_locally(const std::shared_ptr<Reactor>& reactor, Handler handler, Request request, LocalOptions options,
                 std::function<void(Result<ClientResponse>)> done) {
  const auto exchange = std::make_shared<LocalExchange>(reactor, options, std::move(done));
  reactor->run([exchange, handler = std::move(handler), request = std::make_shared<Request>(std::move(request))] {
    exchange->start_timer();
    handler(std::move(*request), ResponseWriter(exchange));
  });
}

}  // namespace plumb::net
