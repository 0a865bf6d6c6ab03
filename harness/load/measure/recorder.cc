#include "harness/load/measure/recorder.h"

#include <simdjson.h>

#include <condition_variable>
#include <mutex>

namespace plumb::harness {
namespace {

constexpr auto longest_opening = std::chrono::seconds(30);
constexpr std::size_t longest_event = 64 << 20;

}  // namespace

struct Recorder::State {
  std::mutex mutex;
  std::condition_variable changed;
  RecordEvent record;  // emptied by stop()
  bool opened = false, ended = false, stopped = false;
  std::string failure;
  std::string rest;  // of a line that has not arrived whole
  simdjson::dom::parser parser;
  std::function<void()> cancel;

  // With the lock held.
  void take_line(Instant arrived, std::string_view line) {
    simdjson::dom::element event, object;
    std::string_view type;
    if (parser.parse(line.data(), line.size(), true).get(event) || event["type"].get(type) || event["object"].get(object)) {
      failure = "the server sent an event that cannot be read";
      return;
    }
    if (type == "ERROR") {
      std::string_view message;
      if (object["message"].get(message)) message = "no reason given";
      failure = "the server ended the watch: " + std::string(message);
    } else if (type != "BOOKMARK") {
      record(arrived, type, object);
    }
  }
  bool take(Instant arrived, std::string_view data) {
    std::lock_guard lock(mutex);
    if (stopped) return false;
    while (!data.empty()) {
      const std::size_t end = data.find('\n');
      if (end == std::string_view::npos) {
        rest += data;
        break;
      }
      rest += data.substr(0, end);
      if (!rest.empty()) take_line(arrived, rest);
      rest.clear();
      data.remove_prefix(end + 1);
    }
    if (rest.size() > longest_event) failure = "the server sent an event of more than 64 MB";
    return failure.empty();
  }
  void end(const Result<client::Response>& response) {
    std::lock_guard lock(mutex);
    ended = true;
    if (stopped || !failure.empty()) return changed.notify_all();
    if (!response.ok()) failure = response.error().message;
    else if (response->status >= 300) failure = "the server answered " + std::to_string(response->status);
    else failure = "the server ended the watch early";
    changed.notify_all();
  }
};

Result<std::unique_ptr<Recorder>> Recorder::start(LoadTransport& transport, Clock& clock, const std::string& path, RecordEvent record) {
  auto state = std::make_shared<State>();
  state->record = std::move(record);
  client::Request request;
  request.target = path + (path.find('?') == std::string::npos ? "?" : "&") + "watch=1&timeoutSeconds=14400";
  state->cancel = transport.send(request, {.first_byte =
                                               [state] {
                                                 std::lock_guard lock(state->mutex);
                                                 state->opened = true;
                                                 state->changed.notify_all();
                                               },
                                           .data = [state, &clock](std::string_view data) { return state->take(clock.now(), data); },
                                           .done = [state](Result<client::Response> response) { state->end(response); }});
  std::unique_ptr<Recorder> recorder(new Recorder(state));
  std::unique_lock lock(state->mutex);
  const bool answered = state->changed.wait_for(lock, longest_opening, [&] { return state->opened || state->ended; });
  if (!answered) return fail(Code::deadline_exceeded, "watching " + path + ": no answer within 30 s");
  if (!state->failure.empty()) return fail(Code::unavailable, "watching " + path + ": " + state->failure);
  return recorder;
}

Status Recorder::stop() {
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->stopped && !state_->failure.empty()) {
      return fail(Code::unavailable, "what was watched is incomplete: " + state_->failure);
    }
    state_->stopped = true;
    state_->record = nullptr;
  }
  state_->cancel();
  return {};
}

Recorder::~Recorder() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopped = true;
    state_->record = nullptr;
  }
  if (state_->cancel) state_->cancel();
}

}  // namespace plumb::harness
