#include "harness/client/watch.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace plumb::client {
namespace {

constexpr std::size_t max_buffered = 8 << 20;     // bytes of events not yet pulled; beyond it the stream pauses
constexpr std::size_t max_event = 64 << 20;
constexpr int max_failures = 5;

}  // namespace

// What the transport's thread hands over.
struct Watch::Channel {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::string> lines;
  std::string rest;  // of a line not yet complete
  std::size_t buffered = 0;
  bool paused = false;
  int status = 0;
  std::string refusal;  // body of an answer other than 200
  std::optional<Status> end;

  bool take(std::string_view data) {
    std::lock_guard lock(mutex);
    if (status != 200) {
      if (refusal.size() < max_buffered) refusal.append(data);
      return true;
    }
    for (auto at = data.find('\n'); at != std::string_view::npos; at = data.find('\n')) {
      rest.append(data.substr(0, at));
      data.remove_prefix(at + 1);
      buffered += rest.size();
      if (!rest.empty()) lines.push_back(std::move(rest));
      rest.clear();
    }
    rest.append(data);
    changed.notify_all();
    paused = buffered > max_buffered || rest.size() > max_event;
    return !paused;
  }
};

Watch::Watch(Transport& transport, std::string path, Query query) : transport_(transport), path_(std::move(path)), query_(std::move(query)) {
  query_["watch"] = "true";
  query_.emplace("allowWatchBookmarks", "true");
  if (const auto found = query_.find("resourceVersion"); found != query_.end()) version_ = found->second;
  open();
}

Watch::~Watch() = default;

void Watch::open() {
  stream_.reset();
  channel_ = std::make_shared<Channel>();
  if (!version_.empty()) query_["resourceVersion"] = version_;
  Request request{.target = target_of(path_, query_), .headers = {{"accept", "application/json"}}};
  const auto channel = channel_;
  stream_ = transport_.open(std::move(request), {.on_headers =
                                                     [channel](int status, const Headers&) {
                                                       std::lock_guard lock(channel->mutex);
                                                       channel->status = status;
                                                       channel->changed.notify_all();
                                                     },
                                                 .on_data = [channel](std::string_view data) { return channel->take(data); },
                                                 .on_end =
                                                     [channel](Status end) {
                                                       std::lock_guard lock(channel->mutex);
                                                       channel->end = std::move(end);
                                                       channel->changed.notify_all();
                                                     }});
}

Status Watch::opened(Instant deadline) {
  std::unique_lock lock(channel_->mutex);
  channel_->changed.wait_until(lock, deadline, [&] { return channel_->status == 200 || channel_->end; });
  if (channel_->status == 200) return {};
  if (!channel_->end) return fail(Code::deadline_exceeded, "watch " + path_ + ": the server did not answer in time");
  if (channel_->status != 0) return error_of({channel_->status, {}, channel_->refusal}, "watch " + path_);
  return channel_->end->error();
}

Result<std::optional<Event>> Watch::next(Instant deadline) {
  while (true) {
    std::unique_lock lock(channel_->mutex);
    Channel& channel = *channel_;
    const bool ready = channel.changed.wait_until(lock, deadline, [&] { return !channel.lines.empty() || channel.end; });
    if (!ready) return std::optional<Event>();
    if (!channel.lines.empty()) {
      const std::string line = std::move(channel.lines.front());
      channel.lines.pop_front();
      channel.buffered -= line.size();
      const bool resume = channel.paused && channel.buffered < max_buffered / 2 && channel.rest.size() <= max_event;
      if (resume) channel.paused = false;
      lock.unlock();
      if (resume) stream_->resume();
      auto event = take(line);
      if (!event.ok() || event->has_value()) return event;
      continue;
    }
    if (channel.status != 200 && channel.status != 0 && channel.status < 500 && channel.status != 429) {
      return error_of({channel.status, {}, channel.refusal}, "watch " + path_);
    }
    if (channel.status != 200 && ++failures_ >= max_failures) {
      return channel.status == 0 && !channel.end->ok() ? channel.end->error() : error_of({channel.status, {}, channel.refusal}, "watch " + path_);
    }
    lock.unlock();
    open();
  }
}

Result<std::optional<Event>> Watch::take(const std::string& line) {
  Json document = Json::parse(line, nullptr, false);
  if (!document.is_object() || !document.contains("type") || !document["type"].is_string() || !document["object"].is_object()) {
    return fail(Code::internal, "watch " + path_ + ": the server sent an event that is not one");
  }
  failures_ = 0;
  Event event{document["type"].get<std::string>(), std::move(document["object"])};
  if (event.type == "ERROR") {
    const int code = event.object.value("code", 500);
    return error_of({code, {}, event.object.dump()}, "watch " + path_);
  }
  if (const auto at = Json::json_pointer("/metadata/resourceVersion"); event.object.contains(at)) version_ = event.object[at].get<std::string>();
  return std::optional(std::move(event));
}

}  // namespace plumb::client
