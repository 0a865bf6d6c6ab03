#include "reference/informer/informer.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>
#include <unordered_set>

#include "harness/base/log.h"
#include "harness/base/random.h"

namespace plumb::informer {

namespace {
constexpr Duration first_retry = std::chrono::milliseconds(200);
constexpr Duration last_retry = std::chrono::seconds(30);
constexpr Duration healthy_watch = std::chrono::seconds(1);
}  // namespace

// Everything that changes runs through deliver(): one item at a time, in order, without a lock held. Whoever finds nobody delivering
// delivers until the queue is empty. The queue is not bounded by itself: it grows only by what the transport hands over, which reads no
// further while its own thread delivers.
class Informer::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Client& client, Clock& clock, const Resource& resource, Scope scope, std::shared_ptr<Store> store)
      : client_(client), clock_(clock), resource_(resource), scope_(std::move(scope)), store_(std::move(store)) {}

  void start() {
    {
      std::lock_guard lock(mutex_);
      if (started_ || stopped_) return;
      started_ = true;
    }
    list();
  }

  void stop() {
    std::unique_ptr<Watch> watch;
    std::unique_lock lock(mutex_);
    stopped_ = true;
    if (timer_) clock_.cancel(*timer_);
    watch = std::move(watch_);
    queue_.clear();
    lock.unlock();
    watch.reset();
    lock.lock();
    idle_.wait(lock, [&] { return !delivering_ || deliverer_ == std::this_thread::get_id(); });
  }

  void add_handler(Handler handler) {
    deliver([this, handler = std::move(handler)]() mutable {
      for (const ObjectPtr& object : store_->list()) handler(nullptr, object);
      handlers_.push_back(std::move(handler));
    });
  }

  bool has_synced() const { return synced_; }
  const Resource& resource() const { return resource_; }
  std::string resource_version() const {
    std::lock_guard lock(mutex_);
    return version_;
  }

 private:
  void list() {
    ListOptions options;
    options.namespace_ = scope_.namespace_;
    options.label_selector = scope_.label_selector;
    options.field_selector = scope_.field_selector;
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
      options.resource_version = expired_ ? "" : version_.empty() ? "0" : version_;
    }
    client_.list(resource_, options, [weak = weak_from_this()](Result<api::ObjectList> result) {
      if (const auto core = weak.lock()) core->listed(std::move(result));
    });
  }

  void listed(Result<api::ObjectList> result) {
    if (!result.ok()) {
      // A server of another release need not serve it: then there are none, until it does.
      if (result.error().code == Code::not_found) deliver([this] { synced_ = true; });
      return failed("list", result.error());
    }
    auto list = std::make_shared<api::ObjectList>(std::move(*result));
    deliver([this, list] {
      replace(*list);
      set_version(list->metadata.resourceVersion.str());
      synced_ = true;
      {
        std::lock_guard lock(mutex_);
        expired_ = false;
        retry_ = first_retry;
      }
      begin_watch();
    });
  }

  void begin_watch() {
    WatchOptions options;
    options.namespace_ = scope_.namespace_;
    options.label_selector = scope_.label_selector;
    options.field_selector = scope_.field_selector;
    std::uint64_t generation;
    {
      std::lock_guard lock(mutex_);
      if (stopped_) return;
      options.resource_version = version_;
      generation = ++generation_;
      watch_began_ = clock_.now();
    }
    auto watch = client_.watch(resource_, options, [weak = weak_from_this(), generation](WatchEvent event) {
      if (const auto core = weak.lock()) core->on_event(generation, std::move(event));
    });
    std::lock_guard lock(mutex_);
    // Ended already, or replaced: the old handle goes after the lock.
    if (!stopped_ && generation == generation_) std::swap(watch_, watch);
  }

  void on_event(std::uint64_t generation, WatchEvent event) {
    {
      std::lock_guard lock(mutex_);
      if (generation != generation_) return;
      if (event.type == WatchEvent::Type::closed) ++generation_;
    }
    deliver([this, event = std::move(event)]() mutable { apply(event); });
  }

  void apply(WatchEvent& event) {
    switch (event.type) {
      case WatchEvent::Type::added:
      case WatchEvent::Type::modified: put(event.object); break;
      case WatchEvent::Type::deleted: remove(object_key(*event.object), event.object); break;
      case WatchEvent::Type::bookmark: break;
      case WatchEvent::Type::closed: return closed(event.error);
    }
    set_version(std::move(event.resource_version));
  }

  void closed(const Error& error) {
    if (is_expired(error)) {
      {
        std::lock_guard lock(mutex_);
        expired_ = true;
      }
      return list();
    }
    if (!error.message.empty()) return failed("watch", error);
    bool short_lived;
    {
      std::lock_guard lock(mutex_);
      short_lived = clock_.now() - watch_began_ < healthy_watch;
      if (!short_lived) retry_ = first_retry;
    }
    short_lived ? later() : begin_watch();
  }

  void failed(std::string_view attempted, const Error& error) {
    log::warning("informer", std::string(attempted) + " " + resource_.group_resource() + ": " + error.message);
    if (is_expired(error)) {
      std::lock_guard lock(mutex_);
      expired_ = true;
    }
    later();
  }

  // Watches again after a while, or lists when there is nothing to watch from.
  void later() {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    const Duration delay = retry_ + Duration(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(retry_.count()))));
    retry_ = std::min(retry_ * 2, last_retry);
    timer_ = clock_.after(delay, [weak = weak_from_this()] {
      if (const auto core = weak.lock()) core->deliver([core = core.get()] { core->again(); });
    });
  }

  void again() {
    bool from_start;
    {
      std::lock_guard lock(mutex_);
      timer_.reset();
      from_start = version_.empty() || expired_;
    }
    from_start ? list() : begin_watch();
  }

  void replace(const api::ObjectList& list) {
    std::unordered_set<std::string> present;
    present.reserve(list.items.size());
    for (const ObjectPtr& object : list.items) {
      present.insert(object_key(*object));
      put(object);
    }
    for (const std::string& key : store_->keys())
      if (!present.contains(key)) remove(key, nullptr);
  }

  void put(const ObjectPtr& object) {
    const ObjectPtr known = store_->get(object_key(*object));
    if (known && known->metadata.resourceVersion == object->metadata.resourceVersion) return;
    const ObjectPtr before = store_->put(object);
    for (const Handler& handler : handlers_) handler(before, object);
  }

  void remove(const std::string& key, const ObjectPtr& last) {
    const ObjectPtr before = store_->erase(key);
    if (!before) return;
    for (const Handler& handler : handlers_) handler(last ? last : before, nullptr);
  }

  void set_version(std::string version) {
    if (version.empty()) return;
    std::lock_guard lock(mutex_);
    version_ = std::move(version);
  }

  void deliver(std::function<void()> item) {
    std::unique_lock lock(mutex_);
    if (stopped_) return;
    queue_.push_back(std::move(item));
    if (delivering_) return;
    const auto self = shared_from_this();  // an item may drop the last other owner
    delivering_ = true;
    deliverer_ = std::this_thread::get_id();
    while (!queue_.empty()) {
      std::function<void()> next = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      next();
      next = nullptr;
      lock.lock();
    }
    delivering_ = false;
    deliverer_ = {};
    idle_.notify_all();
  }

  Client& client_;
  Clock& clock_;
  const Resource& resource_;
  const Scope scope_;
  const std::shared_ptr<Store> store_;
  std::vector<Handler> handlers_;  // only inside deliver()
  std::atomic<bool> synced_{false};

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  // All below under mutex_.
  std::deque<std::function<void()>> queue_;
  bool delivering_ = false, started_ = false, stopped_ = false, expired_ = false;
  std::thread::id deliverer_;
  std::string version_;
  std::uint64_t generation_ = 0;  // of the watch whose events count
  std::unique_ptr<Watch> watch_;
  Instant watch_began_;
  std::optional<Clock::TimerId> timer_;
  Duration retry_ = first_retry;
  Random random_{std::hash<std::string>()(resource_.group_resource())};
};

Informer::Informer(Client& client, Clock& clock, const Resource& resource, Scope scope)
    : store_(std::make_shared<Store>()), core_(std::make_shared<Core>(client, clock, resource, std::move(scope), store_)) {}
Informer::~Informer() { core_->stop(); }
void Informer::start() { core_->start(); }
void Informer::add_handler(Handler handler) { core_->add_handler(std::move(handler)); }
bool Informer::has_synced() const { return core_->has_synced(); }
const Resource& Informer::resource() const { return core_->resource(); }
std::string Informer::resource_version() const { return core_->resource_version(); }

Informer& InformerFactory::informer(const Resource& resource, const Scope& scope) {
  std::unique_lock lock(mutex_);
  for (const Entry& entry : entries_)
    if (entry.resource == &resource && entry.scope == scope) return *entry.informer;
  Informer& made = *entries_.emplace_back(Entry{&resource, scope, std::make_unique<Informer>(client_, clock_, resource, scope)}).informer;
  const bool start_now = started_;
  lock.unlock();
  if (start_now) made.start();
  return made;
}

void InformerFactory::start() {
  std::vector<Informer*> made;
  {
    std::lock_guard lock(mutex_);
    started_ = true;
    for (const Entry& entry : entries_) made.push_back(entry.informer.get());
  }
  for (Informer* informer : made) informer->start();
}

bool InformerFactory::has_synced() const {
  std::lock_guard lock(mutex_);
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return entry.informer->has_synced(); });
}

void InformerFactory::stop() {
  std::vector<Entry> gone;
  {
    std::lock_guard lock(mutex_);
    gone.swap(entries_);
  }
}

}  // namespace plumb::informer
