#include "harness/client/watch.h"

#include <algorithm>

#include "harness/base/random.h"
#include "harness/base/wait.h"

namespace plumb::client {
namespace {

constexpr int max_failures = 5;
constexpr Duration first_delay = std::chrono::milliseconds(100);
constexpr Duration longest_delay = std::chrono::seconds(10);

// How long after one attempt the next may begin: twice as long after each, half of it left to chance.
Duration delay_after(int fruitless) {
  if (fruitless == 0) return {};
  thread_local Random random(std::random_device{}());
  const Duration whole = std::min(longest_delay, first_delay * (1 << std::min(fruitless - 1, 10)));
  return whole / 2 + std::chrono::duration_cast<Duration>(whole / 2 * random.uniform());
}

}  // namespace

Watch::Watch(Transport& transport, std::string path, Query query) : transport_(transport), path_(std::move(path)), query_(std::move(query)) {
  query_["watch"] = "true";
  query_.emplace("allowWatchBookmarks", "true");
  if (const auto found = query_.find("resourceVersion"); found != query_.end()) version_ = found->second;
  open();
}

Watch::~Watch() = default;

void Watch::open() {
  if (!version_.empty()) query_["resourceVersion"] = version_;
  opened_ = real_clock().now();
  lines_ = std::make_unique<LineStream>(transport_, Request{.target = target_of(path_, query_), .headers = {{"accept", "application/json"}}});
}

Status Watch::opened(Instant deadline) { return lines_->opened(deadline); }

Result<std::optional<Event>> Watch::next(Instant deadline) {
  while (true) {
    if (lines_ == nullptr) {
      wait_until(real_clock(), std::min(reopen_, deadline));
      if (reopen_ > deadline) return std::optional<Event>();
      open();
    }
    std::string line;
    switch (lines_->next(deadline, line)) {
      case LineStream::Next::none_yet: return std::optional<Event>();
      case LineStream::Next::ended: PLUMB_TRY(end()); break;
      case LineStream::Next::line:
        if (!line.empty()) return take(line);
    }
  }
}

// The stream has ended: an error when it is not to be taken up again.
Status Watch::end() {
  const int status = lines_->status();
  const bool accepted = status == 200, may_pass = status == 0 || status == 429 || status >= 500;
  if (!accepted && (!may_pass || ++failures_ >= max_failures)) return lines_->outcome();
  if (accepted) failures_ = 0;
  reopen_ = opened_ + delay_after(++fruitless_);
  lines_.reset();
  return {};
}

Result<std::optional<Event>> Watch::take(const std::string& line) {
  Json document = Json::parse(line, nullptr, false);
  if (!document.is_object() || !document.contains("type") || !document["type"].is_string() || !document["object"].is_object()) {
    return fail(Code::internal, "watch " + path_ + ": the server sent an event that is not one");
  }
  failures_ = 0;
  fruitless_ = -1;
  Event event{document["type"].get<std::string>(), std::move(document["object"])};
  if (event.type == "ERROR") {
    const int code = event.object.value("code", 500);
    return error_of({code, {}, event.object.dump()}, "watch " + path_);
  }
  if (const auto at = Json::json_pointer("/metadata/resourceVersion"); event.object.contains(at)) version_ = event.object[at].get<std::string>();
  return std::optional(std::move(event));
}

}  // namespace plumb::client
