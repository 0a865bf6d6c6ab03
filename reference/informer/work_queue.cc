#include "reference/informer/work_queue.h"

#include <algorithm>
#include <cmath>

#include "harness/base/metrics.h"

namespace plumb::informer {

namespace {

double seconds(plumb::Duration duration) { return std::chrono::duration<double>(duration).count(); }

struct QueueMetrics {
  explicit QueueMetrics(const std::string& name)
      : depth(metrics::gauge("workqueue_depth", "Current depth of workqueue", {{"name", name}})),
        unfinished(metrics::gauge("workqueue_unfinished_work_seconds", "Seconds of work in progress that has not been observed by work_duration",
                                  {{"name", name}})),
        longest(metrics::gauge("workqueue_longest_running_processor_seconds", "Seconds the longest running processor has been running",
                               {{"name", name}})),
        adds(metrics::counter("workqueue_adds_total", "Total number of adds handled by workqueue", {{"name", name}})),
        retries(metrics::counter("workqueue_retries_total", "Total number of retries handled by workqueue", {{"name", name}})),
        waited(metrics::histogram("workqueue_queue_duration_seconds", "Seconds an item stays in workqueue before being requested", buckets(),
                                  {{"name", name}})),
        worked(metrics::histogram("workqueue_work_duration_seconds", "Seconds processing an item from workqueue takes", buckets(),
                                  {{"name", name}})) {}

  static std::vector<double> buckets() {
    std::vector<double> bounds;
    for (double bound = 1e-8; bound < 11; bound *= 10) bounds.push_back(bound);
    return bounds;
  }

  metrics::Gauge depth, unfinished, longest;
  metrics::Counter adds, retries;
  metrics::Histogram waited, worked;
};

// Tokens that refill over time; reserve() may go into debt and says how long to wait.
class TokenBucket {
 public:
  TokenBucket(double per_second, double burst, Instant now) : per_second_(per_second), burst_(burst), tokens_(burst), at_(now) {}
  plumb::Duration reserve(Instant now) {
    tokens_ = std::min(burst_, tokens_ + seconds(now - at_) * per_second_);
    at_ = now;
    tokens_ -= 1;
    if (tokens_ >= 0) return {};
    return std::chrono::duration_cast<plumb::Duration>(std::chrono::duration<double>(-tokens_ / per_second_));
  }

 private:
  double per_second_, burst_, tokens_;
  Instant at_;
};

}  // namespace

struct WorkQueue::Core : std::enable_shared_from_this<Core> {
  Core(Clock& clock, const std::string& name, QueueLimits limits)
      : clock(clock), limits(limits), bucket(limits.per_second, limits.burst, clock.now()) {
    if (!name.empty()) metrics = std::make_unique<QueueMetrics>(name);
  }

  void add(std::string_view key) {
    std::lock_guard lock(mutex);
    add_locked(std::string(key));
  }

  void add_locked(std::string key) {
    if (closed) return;
    const auto [at, fresh] = dirty.emplace(key, clock.now());
    if (!fresh) return;
    if (metrics) metrics->adds.add();
    if (working.contains(key)) return;
    ready.push_back(std::move(key));
    changed_depth();
    available.notify_one();
  }

  void add_after(std::string_view key, plumb::Duration delay) {
    if (delay <= plumb::Duration::zero()) return add(key);
    std::lock_guard lock(mutex);
    if (closed) return;
    const Instant when = clock.now() + delay;
    const auto [at, fresh] = waiting.try_emplace(std::string(key), when);
    if (!fresh) {
      if (at->second <= when) return;
      at->second = when;
    }
    due.emplace(when, at->first);
    arm();
  }

  // One timer, for the earliest waiting key.
  void arm() {
    if (due.empty() || closed) return;
    const Instant first = due.begin()->first;
    if (timer && armed_for <= first) return;
    if (timer) clock.cancel(*timer);
    armed_for = first;
    timer = clock.at(first, [weak = weak_from_this()] {
      if (const auto core = weak.lock()) core->fire();
    });
  }

  void fire() {
    std::lock_guard lock(mutex);
    timer.reset();
    const Instant now = clock.now();
    while (!due.empty() && due.begin()->first <= now) {
      const auto [when, key] = *due.begin();
      due.erase(due.begin());
      const auto found = waiting.find(key);
      if (found == waiting.end() || found->second != when) continue;  // an earlier add replaced this one
      waiting.erase(found);
      add_locked(key);
    }
    arm();
  }

  plumb::Duration next_delay(const std::string& key) {
    const int failures = this->failures[key]++;
    const double exponential = seconds(limits.first_delay) * std::pow(2.0, failures);
    const auto own = exponential >= seconds(limits.last_delay)
                         ? limits.last_delay
                         : std::chrono::duration_cast<plumb::Duration>(std::chrono::duration<double>(exponential));
    return std::max(own, bucket.reserve(clock.now()));
  }

  std::optional<std::string> take() {
    if (ready.empty() || closed) return std::nullopt;
    std::string key = std::move(ready.front());
    ready.pop_front();
    const Instant now = clock.now();
    const auto added = dirty.find(key);
    if (metrics) metrics->waited.observe(seconds(now - added->second));
    dirty.erase(added);
    working.emplace(key, now);
    changed_depth();
    return key;
  }

  void done(std::string_view key) {
    std::lock_guard lock(mutex);
    const auto found = working.find(std::string(key));
    if (found == working.end()) return;
    if (metrics) metrics->worked.observe(seconds(clock.now() - found->second));
    working.erase(found);
    if (closed || !dirty.contains(std::string(key))) return update_unfinished();
    ready.emplace_back(key);
    changed_depth();
    available.notify_one();
  }

  void changed_depth() {
    if (!metrics) return;
    metrics->depth.set(static_cast<double>(ready.size()));
    update_unfinished();
  }
  void update_unfinished() {
    if (!metrics) return;
    double total = 0, longest = 0;
    const Instant now = clock.now();
    for (const auto& [key, since] : working) {
      total += seconds(now - since);
      longest = std::max(longest, seconds(now - since));
    }
    metrics->unfinished.set(total);
    metrics->longest.set(longest);
  }

  Clock& clock;
  const QueueLimits limits;
  std::unique_ptr<QueueMetrics> metrics;

  std::mutex mutex;
  std::condition_variable available;
  // All below under mutex.
  TokenBucket bucket;
  std::deque<std::string> ready;
  std::unordered_map<std::string, Instant> dirty;    // wait for a turn: in ready, or to come again after done()
  std::unordered_map<std::string, Instant> working;  // since when
  std::unordered_map<std::string, int> failures;
  std::unordered_map<std::string, Instant> waiting;
  std::multimap<Instant, std::string> due;  // may hold outdated entries: waiting decides
  std::optional<Clock::TimerId> timer;
  Instant armed_for;
  bool closed = false;
};

WorkQueue::WorkQueue(Clock& clock, std::string name, QueueLimits limits) : core_(std::make_shared<Core>(clock, name, limits)) {}
WorkQueue::~WorkQueue() { shut_down(); }

void WorkQueue::add(std::string_view key) { core_->add(key); }
void WorkQueue::add_after(std::string_view key, Duration delay) { core_->add_after(key, delay); }

void WorkQueue::add_rate_limited(std::string_view key) {
  Duration delay;
  {
    std::lock_guard lock(core_->mutex);
    delay = core_->next_delay(std::string(key));
    if (core_->metrics) core_->metrics->retries.add();
  }
  core_->add_after(key, delay);
}

void WorkQueue::forget(std::string_view key) {
  std::lock_guard lock(core_->mutex);
  core_->failures.erase(std::string(key));
}

int WorkQueue::requeues(std::string_view key) const {
  std::lock_guard lock(core_->mutex);
  const auto found = core_->failures.find(std::string(key));
  return found == core_->failures.end() ? 0 : found->second;
}

std::optional<std::string> WorkQueue::get() {
  std::unique_lock lock(core_->mutex);
  core_->available.wait(lock, [&] { return core_->closed || !core_->ready.empty(); });
  return core_->take();
}

std::optional<std::string> WorkQueue::try_get() {
  std::lock_guard lock(core_->mutex);
  return core_->take();
}

void WorkQueue::done(std::string_view key) { core_->done(key); }

void WorkQueue::shut_down() {
  std::lock_guard lock(core_->mutex);
  core_->closed = true;
  if (core_->timer) core_->clock.cancel(*core_->timer);
  core_->available.notify_all();
}

std::size_t WorkQueue::size() const {
  std::lock_guard lock(core_->mutex);
  return core_->ready.size();
}

}  // namespace plumb::informer
