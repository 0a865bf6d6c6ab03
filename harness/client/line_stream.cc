#include "harness/client/line_stream.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "harness/client/rest.h"

namespace plumb::client {
namespace {

constexpr std::size_t max_buffered = 8 << 20;  // bytes of lines not yet pulled
constexpr std::size_t max_line = 64 << 20;

}  // namespace

// What the transport's thread hands over.
struct LineStream::Channel {
  mutable std::mutex mutex;
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
    if (end) return false;
    for (auto at = data.find('\n'); at != std::string_view::npos; at = data.find('\n')) {
      rest.append(data.substr(0, at));
      data.remove_prefix(at + 1);
      buffered += rest.size() + 1;
      lines.push_back(std::move(rest));
      rest.clear();
    }
    rest.append(data);
    if (rest.size() > max_line) finish(fail(Code::resource_exhausted, "the server sent a line longer than 64 MB"));
    changed.notify_all();
    paused = buffered > max_buffered;
    return !paused && !end;
  }
  void finish(Status how) {
    if (!end) end = std::move(how);
    changed.notify_all();
  }
};

LineStream::LineStream(Transport& transport, Request request)
    : what_(request.method + " " + request.target.substr(0, request.target.find('?'))), channel_(std::make_shared<Channel>()) {
  const auto channel = channel_;
  stream_ = transport.open(std::move(request), {.on_headers =
                                                    [channel](int status, const Headers&) {
                                                      std::lock_guard lock(channel->mutex);
                                                      channel->status = status;
                                                      channel->changed.notify_all();
                                                    },
                                                .on_data = [channel](std::string_view data) { return channel->take(data); },
                                                .on_end =
                                                    [channel](Status end) {
                                                      std::lock_guard lock(channel->mutex);
                                                      channel->finish(std::move(end));
                                                    }});
}

LineStream::~LineStream() = default;

LineStream::Next LineStream::next(Instant deadline, std::string& line) {
  std::unique_lock lock(channel_->mutex);
  Channel& channel = *channel_;
  if (!channel.changed.wait_until(lock, deadline, [&] { return !channel.lines.empty() || channel.end; })) return Next::none_yet;
  if (channel.lines.empty()) {
    line = std::move(channel.rest);
    channel.rest.clear();
    return Next::ended;
  }
  line = std::move(channel.lines.front());
  channel.lines.pop_front();
  channel.buffered -= line.size() + 1;
  const bool resume = channel.paused && channel.buffered < max_buffered / 2;
  if (resume) channel.paused = false;
  lock.unlock();
  if (resume) stream_->resume();
  return Next::line;
}

Status LineStream::refusal() const {
  if (channel_->status == 200) return {};
  if (channel_->status != 0) return error_of({channel_->status, {}, channel_->refusal}, what_);
  return channel_->end->ok() ? fail(Code::unavailable, what_ + ": the connection closed without an answer") : channel_->end->error();
}

Status LineStream::opened(Instant deadline) {
  std::unique_lock lock(channel_->mutex);
  if (!channel_->changed.wait_until(lock, deadline, [&] { return channel_->status == 200 || channel_->end; })) {
    return fail(Code::deadline_exceeded, what_ + ": the server did not answer in time");
  }
  return refusal();
}

Status LineStream::outcome() const {
  std::lock_guard lock(channel_->mutex);
  if (!channel_->end) return {};
  if (const Status refused = refusal(); !refused.ok()) return refused;
  return channel_->end->ok() ? Status() : Status(channel_->end->error().in(what_));
}

int LineStream::status() const {
  std::lock_guard lock(channel_->mutex);
  return channel_->status;
}

}  // namespace plumb::client
