#include "harness/load/measure/usage_poller.h"

#include <simdjson.h>

#include <algorithm>
#include <mutex>

namespace plumb::harness {
namespace {

constexpr Duration interval = std::chrono::milliseconds(250), longest_answer = std::chrono::seconds(10);
constexpr int rest = 4;  // times as long as the answer took

}  // namespace

struct UsagePoller::State : std::enable_shared_from_this<State> {
  State(LoadTransport& transport, Clock& clock, const std::string& space, Take take)
      : transport(transport), clock(clock), path("/apis/metrics.k8s.io/v1beta1/namespaces/" + space + "/pods"), take(std::move(take)) {}

  LoadTransport& transport;
  Clock& clock;
  const std::string path;
  std::mutex mutex;
  Take take;                  // under mutex; emptied by stop()
  bool stopped = false;       // under mutex
  Clock::TimerId timer = 0;   // under mutex
  simdjson::dom::parser parser;  // under mutex

  void ask() {
    {
      std::lock_guard lock(mutex);
      if (stopped) return;
    }
    client::Request request;
    request.target = path;
    request.timeout = longest_answer;
    const Instant asked = clock.now();
    transport.send(request, {.first_byte = nullptr, .data = nullptr, .done = [self = shared_from_this(), asked](Result<client::Response> response) { self->answered(asked, response); }});
  }
  void answered(Instant asked, const Result<client::Response>& response) {
    const Instant now = clock.now();
    std::lock_guard lock(mutex);
    if (stopped) return;
    simdjson::dom::element list;
    if (response.ok() && response->status == 200 && !parser.parse(response->body.data(), response->body.size(), true).get(list)) take(now, list);
    timer = clock.after(std::max<Duration>(interval - (now - asked), (now - asked) * rest), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->ask();
    });
  }
  void stop() {
    std::lock_guard lock(mutex);
    stopped = true;
    take = nullptr;
    clock.cancel(timer);
  }
};

UsagePoller::UsagePoller(LoadTransport& transport, Clock& clock, const std::string& space, Take take) : state_(std::make_shared<State>(transport, clock, space, std::move(take))) {
  state_->ask();
}
UsagePoller::~UsagePoller() { state_->stop(); }

}  // namespace plumb::harness
