#include "reference/store/embedded/watch_hub.h"

#include <algorithm>

namespace plumb::store::embedded {
namespace {

// What may wait for delivery; beyond it watchers are fed from the log, which is slower and takes no memory.
constexpr std::size_t max_recent_events = 32768;
constexpr std::size_t max_recent_bytes = std::size_t{64} << 20;
constexpr std::size_t log_chunk = 2048;

}  // namespace

class WatchHub::Handle final : public Watch {
 public:
  Handle(std::shared_ptr<WatchHub> hub, WatcherPtr watcher) : hub_(std::move(hub)), watcher_(std::move(watcher)) {}
  ~Handle() override { hub_->remove(watcher_); }

  Status request_progress() override {
    std::lock_guard lock(hub_->mutex_);
    if (hub_->stop_) return fail(Code::unavailable, "the store is closed", reason::closed);
    watcher_->progress = hub_->latest_;
    hub_->wanted_ = true;
    hub_->wake_.notify_one();
    return {};
  }

 private:
  std::shared_ptr<WatchHub> hub_;
  WatcherPtr watcher_;
};

WatchHub::WatchHub(Revision latest, ReadLog read_log) : read_log_(std::move(read_log)), latest_(latest), delivered_(latest) {}

void WatchHub::start() {
  thread_ = std::thread([this] { run(); });
}

void WatchHub::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void WatchHub::publish(std::vector<EventPtr> events, Revision latest) {
  std::lock_guard lock(mutex_);
  latest_ = latest;
  if (watchers_.empty()) {
    delivered_ = latest;
    return;
  }
  for (const EventPtr& event : events) recent_bytes_ += event->kv.value ? event->kv.value->size() : 0;
  recent_.insert(recent_.end(), std::make_move_iterator(events.begin()), std::make_move_iterator(events.end()));
  if (recent_.size() > max_recent_events || recent_bytes_ > max_recent_bytes) {
    recent_.clear();
    recent_bytes_ = 0;
    delivered_ = latest;
    wanted_ = true;
  }
  wake_.notify_one();
}

Result<std::unique_ptr<Watch>> WatchHub::watch(WatchRequest request, WatchHandler handler) {
  auto watcher = std::make_shared<Watcher>();
  watcher->prefix = std::move(request.prefix);
  watcher->handler = std::move(handler);
  std::lock_guard lock(mutex_);
  if (stop_) return fail(Code::unavailable, "watching: the store is closed", reason::closed);
  watcher->next = request.start_revision ? request.start_revision : latest_ + 1;
  watchers_.push_back(watcher);
  wanted_ = true;
  wake_.notify_one();
  return std::unique_ptr<Watch>(new Handle(shared_from_this(), std::move(watcher)));
}

void WatchHub::remove(const WatcherPtr& watcher) {
  std::unique_lock lock(mutex_);
  watcher->ended = true;
  std::erase(watchers_, watcher);
  if (std::this_thread::get_id() == thread_.get_id()) return;
  handler_done_.wait(lock, [&] { return running_ != watcher; });
}

bool WatchHub::idle() const { return !stop_ && !wanted_ && delivered_ == latest_; }

void WatchHub::run() {
  for (;;) {
    std::vector<EventPtr> events;
    std::vector<Due> due;
    std::vector<WatcherPtr> behind;
    Revision reached;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return !idle(); });
      if (stop_ && delivered_ == latest_) break;
      events.swap(recent_);
      recent_bytes_ = 0;
      reached = latest_;
      wanted_ = false;
      for (const WatcherPtr& watcher : watchers_) {
        if (watcher->next <= delivered_) {
          behind.push_back(watcher);
          continue;
        }
        due.push_back({watcher, watcher->next, watcher->progress && watcher->progress <= reached});
        if (due.back().progress) watcher->progress = 0;
        watcher->next = std::max(watcher->next, reached + 1);
      }
      delivered_ = reached;
    }
    for (const Due& each : due) deliver(each, events, reached);
    for (const WatcherPtr& watcher : behind) catch_up(watcher);
  }
  end_all();
}

void WatchHub::deliver(const Due& due, const std::vector<EventPtr>& events, Revision reached) {
  WatchBatch batch;
  batch.revision = reached;
  for (const EventPtr& event : events)
    if (event->kv.mod_revision >= due.from && event->kv.key.starts_with(due.watcher->prefix)) batch.events.push_back(event);
  if (due.progress || !batch.events.empty()) call(due.watcher, std::move(batch));
}

void WatchHub::end_all() {
  std::vector<WatcherPtr> left;
  {
    std::lock_guard lock(mutex_);
    left = watchers_;
  }
  for (const WatcherPtr& watcher : left) {
    call(watcher, fail(Code::unavailable, "the store is closed", reason::closed));
    end(watcher);
  }
}

void WatchHub::catch_up(const WatcherPtr& watcher) {
  Revision next;
  {
    std::lock_guard lock(mutex_);
    if (watcher->ended) return;
    next = watcher->next;
  }
  auto batch = read_log_(watcher->prefix, next, log_chunk);
  if (!batch.ok()) {
    call(watcher, std::move(batch));
    return end(watcher);
  }
  const Revision through = batch->revision;
  if (!batch->events.empty()) call(watcher, std::move(batch));
  std::lock_guard lock(mutex_);
  watcher->next = std::max(watcher->next, through + 1);
  wanted_ = true;
}

void WatchHub::call(const WatcherPtr& watcher, Result<WatchBatch> batch) {
  {
    std::lock_guard lock(mutex_);
    if (watcher->ended) return;
    running_ = watcher;
  }
  watcher->handler(std::move(batch));
  std::lock_guard lock(mutex_);
  running_ = nullptr;
  handler_done_.notify_all();
}

void WatchHub::end(const WatcherPtr& watcher) {
  std::lock_guard lock(mutex_);
  watcher->ended = true;
  std::erase(watchers_, watcher);
}

}  // namespace plumb::store::embedded
