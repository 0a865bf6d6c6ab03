#include "reference/store/etcd/etcd_watch.h"

#include <algorithm>

#include "reference/store/etcd/etcd.pb.h"

namespace plumb::store::etcd_detail {
namespace {

constexpr auto reconnect_delay = std::chrono::milliseconds(100);

EventPtr to_event(const plumb::etcd::Event& in) {
  auto event = std::make_shared<Event>();
  const bool removed = in.type() == plumb::etcd::Event::DELETE;
  event->kind = removed ? Event::Kind::remove : Event::Kind::put;
  event->kv = to_key_value(in.kv(), !removed);
  if (in.has_prev_kv()) event->previous = to_key_value(in.prev_kv());
  return event;
}

}  // namespace

Status WatchStream::start(Duration timeout) {
  auto created = created_.get_future();
  connect();
  if (created.wait_for(timeout) == std::future_status::ready) return {};
  end();
  return fail(Code::unavailable, "watching " + prefix_ + ": etcd did not register the watch in time");
}

void WatchStream::connect() {
  std::lock_guard lock(mutex_);
  if (ended_) return;
  plumb::etcd::WatchRequest request;
  auto& create = *request.mutable_create_request();
  create.set_key(prefix_.empty() ? std::string(1, '\0') : prefix_);
  create.set_range_end(range_end(prefix_));
  create.set_start_revision(next_);
  create.set_progress_notify(true);
  create.set_prev_kv(true);
  const std::weak_ptr<WatchStream> self = weak_from_this();
  net::grpc::StreamCallbacks callbacks;
  callbacks.on_message = [self](const std::string& message) {
    if (const auto watch = self.lock()) watch->on_message(message);
  };
  callbacks.on_done = [self](const Status&) {
    if (const auto watch = self.lock()) watch->on_done();
  };
  stream_ = connection_->channel()->bidi_stream("/etcdserverpb.Watch/Watch", {}, std::move(callbacks));
  stream_.write(request.SerializeAsString());
}

void WatchStream::on_message(const std::string& message) {
  plumb::etcd::WatchResponse response;
  if (!response.ParseFromString(message)) return stream_.cancel();
  if (response.canceled()) {
    if (response.compact_revision() > 0)
      deliver(fail(Code::expired, "watching " + prefix_ + ": compacted up to " + std::to_string(response.compact_revision()), reason::compacted));
    else
      stream_.cancel();
    return;
  }
  if (response.created()) {
    {
      std::lock_guard lock(mutex_);
      if (!next_) next_ = response.header().revision() + 1;
    }
    if (!was_created_) created_.set_value();
    was_created_ = true;
    return;
  }
  WatchBatch batch;
  {
    std::lock_guard lock(mutex_);
    for (const auto& event : response.events())
      if (event.kv().mod_revision() >= next_) batch.events.push_back(to_event(event));
    const Revision reached = response.events().empty() ? response.header().revision() : response.events().rbegin()->kv().mod_revision();
    batch.revision = std::max(reached, next_ - 1);
    next_ = batch.revision + 1;
    if (!response.events().empty() && batch.events.empty()) return;
  }
  deliver(std::move(batch));
}

void WatchStream::on_done() {
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
  }
  connection_->next();
  connection_->reactor()->after(reconnect_delay, [self = weak_from_this()] {
    if (const auto watch = self.lock()) watch->connect();
  });
}

void WatchStream::deliver(Result<WatchBatch> batch) {
  std::lock_guard lock(mutex_);
  if (ended_) return;
  if (!batch.ok()) {
    ended_ = true;
    if (stream_) stream_.cancel();
  }
  const WatchHandler handler = handler_;
  handler(std::move(batch));
}

void WatchStream::request_progress() {
  plumb::etcd::WatchRequest request;
  request.mutable_progress_request();
  std::lock_guard lock(mutex_);
  if (stream_) stream_.write(request.SerializeAsString());
}

void WatchStream::end(std::optional<Error> error) {
  if (error) deliver(std::move(*error));
  std::lock_guard lock(mutex_);
  if (!ended_ && stream_) stream_.cancel();
  ended_ = true;
  handler_ = nullptr;
}

}  // namespace plumb::store::etcd_detail
