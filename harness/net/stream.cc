#include "harness/net/stream.h"

#include <fcntl.h>

#include <atomic>
#include <future>
#include <utility>

#include "harness/net/raw_stream.h"

namespace plumb::net {

namespace detail {

void RawStream::take_over(std::string already_read) {
  early_ = std::move(already_read);
  channel_->set_user(shared_from_this());
  channel_->pause();
}

void RawStream::break_off(const Status& why) {
  if (!closed_) channel_->close(why);
}

void RawStream::start(Callbacks callbacks) {
  reactor_->run([self = shared_from_this(), callbacks = std::move(callbacks)]() mutable {
    self->callbacks_ = std::move(callbacks);
    self->started_ = true;
    if (!self->early_.empty() && self->callbacks_.on_data) self->callbacks_.on_data(std::exchange(self->early_, {}));
    if (self->closed_) return self->finish();
    if (!self->paused_) self->channel_->resume();
  });
}

void RawStream::write(Bytes data) {
  if (!data || data->empty()) return;
  queue_.count(data->size());
  reactor_->run([self = shared_from_this(), data = std::move(data)]() mutable {
    self->queue_.push(std::move(data));
    if (self->closed_) self->queue_.clear();
    else self->channel_->flush_soon();
  });
}

void RawStream::on_writable(std::size_t low_water, std::function<void()> callback) {
  reactor_->run([self = shared_from_this(), low_water, callback = std::move(callback)]() mutable {
    if (!self->closed_) self->queue_.watch(low_water, std::move(callback), *self->reactor_);
  });
}

void RawStream::pause_reading() {
  reactor_->run([self = shared_from_this()] {
    self->paused_ = true;
    self->channel_->pause();
  });
}

void RawStream::resume_reading() {
  reactor_->run([self = shared_from_this()] {
    self->paused_ = false;
    if (self->started_) self->channel_->resume();
  });
}

void RawStream::shutdown_write() {
  reactor_->run([self = shared_from_this()] {
    self->shutdown_ = true;
    if (!self->closed_) self->channel_->flush_soon();
  });
}

void RawStream::close() {
  reactor_->run([self = shared_from_this()] {
    if (self->closed_ || self->closing_) return;
    self->closing_ = true;
    self->channel_->flush_soon();
    self->reactor_->after(std::chrono::seconds(10), [weak = self->weak_from_this()] {
      if (const auto stream = weak.lock()) stream->break_off(fail(Code::deadline_exceeded, "closing a stream: the peer takes no bytes"));
    });
  });
}

void RawStream::on_bytes(std::string_view data) {
  if (!started_) early_.append(data);
  else if (callbacks_.on_data) callbacks_.on_data(data);
}

void RawStream::on_eof() {
  const auto self = shared_from_this();
  if (callbacks_.on_eof) callbacks_.on_eof();
  // A peer that stopped sending after we did is done with the connection.
  if (shutdown_ && !closed_) closing_ = true, channel_->flush_soon();
}

void RawStream::on_room() {
  while (queue_.size() && !channel_->full()) queue_.take(channel_->out(), Channel::kFull);
  queue_.drained(*reactor_);
  if (queue_.size()) return;
  if (closing_) channel_->close_after_flush();
  else if (shutdown_) channel_->shutdown_write();
}

void RawStream::on_closed(const Status& status) {
  closed_ = true;
  close_status_ = status;
  queue_.clear();
  queue_.forget_watch();
  if (started_) finish();
}

void RawStream::finish() {
  if (std::exchange(told_, true)) return;
  const Callbacks callbacks = std::exchange(callbacks_, {});
  if (callbacks.on_close) callbacks.on_close(close_status_);
}

}  // namespace detail

Result<std::shared_ptr<Stream>> adopt_socket(const std::shared_ptr<Reactor>& reactor, int fd) {
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) return fail_errno("making a socket non-blocking");
  const auto make = [reactor, fd]() -> std::shared_ptr<Stream> {
    const auto channel = std::make_shared<detail::Channel>(reactor, fd);
    const auto stream = std::make_shared<detail::RawStream>(channel);
    channel->pause();
    channel->start(stream, nullptr, false);
    return stream;
  };
  if (reactor->in_this_thread()) return make();
  // Descriptors belong to the reactor thread, so it makes the stream while this thread waits for it.
  const auto made = std::make_shared<std::promise<std::shared_ptr<Stream>>>();
  auto future = made->get_future();
  if (!reactor->post([made, make] { made->set_value(make()); }))
    return fail(Code::unavailable, "putting a socket on a reactor: the reactor has stopped");
  return future.get();
}

namespace {

constexpr std::size_t kSpliceHigh = 256 << 10;
constexpr std::size_t kSpliceLow = 64 << 10;

struct Splice {
  std::shared_ptr<Stream> sides[2];
  std::atomic<int> open{2};
  std::function<void()> done;
};

void splice_from(const std::shared_ptr<Splice>& pair, int from) {
  Stream* source = pair->sides[from].get();
  Stream* sink = pair->sides[1 - from].get();
  Stream::Callbacks callbacks;
  callbacks.on_data = [=](std::string_view data) {
    sink->write(std::string(data));
    if (sink->buffered() < kSpliceHigh) return;
    source->pause_reading();
    sink->on_writable(kSpliceLow, [pair, source] { source->resume_reading(); });
  };
  callbacks.on_eof = [sink] { sink->shutdown_write(); };
  callbacks.on_close = [pair, sink](const Status&) {
    sink->close();
    if (--pair->open == 0 && pair->done) pair->done();
  };
  source->start(std::move(callbacks));
}

}  // namespace

void splice(std::shared_ptr<Stream> a, std::shared_ptr<Stream> b, std::function<void()> done) {
  const auto pair = std::make_shared<Splice>();
  pair->sides[0] = std::move(a);
  pair->sides[1] = std::move(b);
  pair->done = std::move(done);
  splice_from(pair, 0);
  splice_from(pair, 1);
}

}  // namespace plumb::net
