#include "perf/operations.h"

namespace plumb::perf {
namespace {

using client::Request;
using client::Response;
using harness::LoadCallbacks;
using harness::LoadTransport;
using harness::Ticket;

constexpr const char* nothing_left = "no object left to work on";
constexpr const char* nothing_free = "no object left that no other operation works on";

// An empty text for success, else a word by which failures are counted.
std::string reason_of(const Result<Response>& response) {
  if (!response.ok()) return std::string(to_string(response.error().code));
  return response->status < 300 ? "" : "HTTP " + std::to_string(response->status);
}

class ApiOperation : public harness::Operation {
 public:
  ApiOperation(const Action& action, const RunObject& object, std::shared_ptr<ObjectPool> pool, LoadTransport& transport, Clock& clock)
      : action_(action), object_(object), collection_(object.where.path()), pool_(std::move(pool)), transport_(transport), clock_(clock) {}

 protected:
  std::string path_of(std::uint64_t number) const { return collection_ + "/" + object_.name.with(number); }
  std::optional<std::uint64_t> pick(std::uint64_t turn) { return action_.each ? pool_->use_in_turn(turn) : pool_->use_any(); }
  std::function<void(bool)> end_use(std::uint64_t number) {
    return [pool = pool_, number](bool) { pool->end_use(number); };
  }
  void send(Request request, std::shared_ptr<Ticket> ticket, std::function<void(bool)> settled = nullptr) {
    transport_.send(std::move(request), {.first_byte = [ticket] { ticket->first_byte(); },
                                         .data = nullptr,
                                         .done =
                                             [ticket, settled = std::move(settled)](Result<Response> response) {
                                               std::string reason = reason_of(response);
                                               if (settled) settled(reason.empty());
                                               ticket->done(std::move(reason));
                                             }});
  }

  const Action& action_;
  const RunObject& object_;
  const std::string collection_;
  const std::shared_ptr<ObjectPool> pool_;
  LoadTransport& transport_;
  Clock& clock_;
};

class Create final : public ApiOperation {
  using ApiOperation::ApiOperation;
  void start(std::uint64_t, std::shared_ptr<Ticket> ticket) override {
    const std::uint64_t number = pool_->begin_create();
    Request request{.method = "POST", .target = collection_, .headers = {{"content-type", "application/json"}}, .body = object_.body.with(number, clock_.wall())};
    send(std::move(request), std::move(ticket), [pool = pool_, number](bool ok) { ok ? pool->created(number) : pool->create_failed(); });
  }
};

class Get final : public ApiOperation {
  using ApiOperation::ApiOperation;
  void start(std::uint64_t turn, std::shared_ptr<Ticket> ticket) override {
    const auto number = pick(turn);
    if (!number) return ticket->done(nothing_left);
    send({.target = path_of(*number)}, std::move(ticket), end_use(*number));
  }
};

class List final : public ApiOperation {
  using ApiOperation::ApiOperation;
  void start(std::uint64_t, std::shared_ptr<Ticket> ticket) override { send({.target = collection_}, std::move(ticket)); }
};

class Patch final : public ApiOperation {
  using ApiOperation::ApiOperation;
  void start(std::uint64_t turn, std::shared_ptr<Ticket> ticket) override {
    const auto number = pick(turn);
    if (!number) return ticket->done(nothing_left);
    send({.method = "PATCH",
          .target = path_of(*number) + (action_.subresource.empty() ? "" : "/" + action_.subresource),
          .headers = {{"content-type", "application/strategic-merge-patch+json"}},
          .body = action_.patch.with(turn, clock_.wall())},
         std::move(ticket), end_use(*number));
  }
};

class Remove final : public ApiOperation {
  using ApiOperation::ApiOperation;
  void start(std::uint64_t, std::shared_ptr<Ticket> ticket) override {
    const auto number = pool_->begin_remove();
    if (!number) return ticket->done(nothing_free);
    send({.method = "DELETE",
          .target = path_of(*number),
          .headers = {{"content-type", "application/json"}},
          .body = R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":")" + action_.propagation + "\"}"},
         std::move(ticket), [pool = pool_, number = *number](bool ok) { ok ? pool->removed() : pool->remove_failed(number); });
  }
};

// Opens a watch on the collection's present state; done with the first piece of the first event.
class OpenWatch final : public ApiOperation {
  using ApiOperation::ApiOperation;
  void start(std::uint64_t, std::shared_ptr<Ticket> ticket) override {
    transport_.send({.target = collection_ + "?watch=1&resourceVersion=0&timeoutSeconds=60"},
                    {.first_byte = [ticket] { ticket->first_byte(); },
                     .data =
                         [ticket](std::string_view) {
                           ticket->done("");
                           return false;
                         },
                     .done =
                         [ticket](Result<Response> response) {
                           std::string reason = reason_of(response);
                           ticket->done(reason.empty() ? "watch ended without an event" : reason);
                         }});
  }
};

}  // namespace

std::unique_ptr<harness::Operation> make_operation(const Action& action, const RunObject& object, std::shared_ptr<ObjectPool> pool,
                                                   LoadTransport& transport, Clock& clock) {
  switch (action.verb) {
    case Verb::create: return std::make_unique<Create>(action, object, std::move(pool), transport, clock);
    case Verb::get: return std::make_unique<Get>(action, object, std::move(pool), transport, clock);
    case Verb::list: return std::make_unique<List>(action, object, std::move(pool), transport, clock);
    case Verb::patch: return std::make_unique<Patch>(action, object, std::move(pool), transport, clock);
    case Verb::remove: return std::make_unique<Remove>(action, object, std::move(pool), transport, clock);
    case Verb::watch: return std::make_unique<OpenWatch>(action, object, std::move(pool), transport, clock);
    case Verb::wait:
    case Verb::stop_node:
    case Verb::load: break;
  }
  return nullptr;
}

}  // namespace plumb::perf
