#include "reference/informer/event_recorder.h"

#include <algorithm>
#include <cstdio>
#include <deque>
#include <list>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "reference/api/codec/json.h"
#include "reference/api/text/time.h"
#include "reference/informer/client.h"

namespace plumb::informer {

namespace {

constexpr std::size_t max_in_flight = 64, max_waiting = 1000, max_remembered = 4096;
constexpr int similar_limit = 10;
constexpr plumb::Duration similar_interval = std::chrono::minutes(10);
constexpr double spam_burst = 25, spam_per_second = 1.0 / 300;

// A map that forgets what was not used for longest.
template <class V>
class Recent {
 public:
  V& operator[](const std::string& key) {
    if (const auto found = where_.find(key); found != where_.end()) {
      items_.splice(items_.begin(), items_, found->second);
      return items_.front().second;
    }
    if (items_.size() >= max_remembered) {
      where_.erase(items_.back().first);
      items_.pop_back();
    }
    items_.emplace_front(key, V{});
    where_[key] = items_.begin();
    return items_.front().second;
  }

 private:
  std::list<std::pair<std::string, V>> items_;
  std::unordered_map<std::string, typename std::list<std::pair<std::string, V>>::iterator> where_;
};

// One event and all that repeats it.
struct Series {
  std::shared_ptr<const corev1::Event> event;  // as it should be on the server
  bool created = false;    // the server has it
  bool in_flight = false;  // a call is under way
  bool waits = false;      // in the queue for one
  bool dirty = false;      // changed since the call was made
  int attempts = 0;
};

struct Similar {
  std::vector<std::string> messages;  // distinct ones, up to the limit
  Instant last;
};

struct SpamBucket {
  bool used = false;
  double tokens = spam_burst;
  Instant at;
};

std::string json_text(std::string_view text) {
  std::string out;
  api::append_json_string(text, out);
  return out;
}

}  // namespace

corev1::ObjectReference reference_to(const api::Object& object) {
  corev1::ObjectReference reference;
  reference.apiVersion = api::api_version(object.type());
  reference.kind = object.type().name;
  reference.namespace_ = object.metadata.namespace_;
  reference.name = object.metadata.name;
  reference.uid = object.metadata.uid;
  reference.resourceVersion = object.metadata.resourceVersion;
  return reference;
}

class EventRecorder::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(Client& client, Clock& clock, std::string component, std::string host)
      : client_(client), clock_(clock), component_(std::move(component)), host_(std::move(host)) {}

  void record(const corev1::ObjectReference& about, std::string_view type, std::string_view reason, std::string_view message) {
    {
      std::lock_guard lock(mutex_);
      if (stopped_ || spam(about)) return;
      std::string text(message);
      std::string key = about.uid.str() + '\0' + about.kind.str() + '\0' + object_key(about.namespace_, about.name) + '\0' + about.fieldPath.str() +
                        '\0' + std::string(type) + '\0' + std::string(reason);
      if (similar(key, text)) {
        text = "(combined from similar events): " + text;
      } else {
        key += '\0' + text;
      }
      std::shared_ptr<Series>& series = series_[key];
      if (!series) series = std::make_shared<Series>();
      advance(*series, about, type, reason, text);
      if (series->in_flight) {
        series->dirty = true;
        return;
      }
      enqueue(series);
    }
    pump();
  }

  void stop() {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    waiting_.clear();
  }

 private:
  void enqueue(const std::shared_ptr<Series>& series) {
    if (series->waits || waiting_.size() >= max_waiting) return;
    series->waits = true;
    waiting_.push_back(series);
  }

  bool spam(const corev1::ObjectReference& about) {
    SpamBucket& bucket = spam_[about.uid.str() + '\0' + about.kind.str() + '\0' + object_key(about.namespace_, about.name)];
    const Instant now = clock_.now();
    if (bucket.used) bucket.tokens = std::min(spam_burst, bucket.tokens + std::chrono::duration<double>(now - bucket.at).count() * spam_per_second);
    bucket.used = true;
    bucket.at = now;
    if (bucket.tokens < 1) return true;
    bucket.tokens -= 1;
    return false;
  }

  bool similar(const std::string& key, const std::string& message) {
    Similar& group = similar_[key];
    const Instant now = clock_.now();
    if (now - group.last > similar_interval) group.messages.clear();
    group.last = now;
    if (std::find(group.messages.begin(), group.messages.end(), message) == group.messages.end() && group.messages.size() < similar_limit)
      group.messages.push_back(message);
    return group.messages.size() >= similar_limit;
  }

  void advance(Series& series, const corev1::ObjectReference& about, std::string_view type, std::string_view reason, const std::string& message) {
    const api::Time now = api::Time::from(clock_.wall());
    auto event = series.event ? std::static_pointer_cast<corev1::Event>(api::clone(*series.event)) : first(about, type, reason, now);
    event->count += 1;
    event->lastTimestamp = now;
    event->message = message;
    series.event = std::move(event);
  }

  std::shared_ptr<corev1::Event> first(const corev1::ObjectReference& about, std::string_view type, std::string_view reason, const api::Time& now) {
    auto event = std::make_shared<corev1::Event>();
    char suffix[24];
    const auto nanos = std::max<std::int64_t>(clock_.wall().time_since_epoch().count(), last_name_ + 1);
    last_name_ = nanos;
    std::snprintf(suffix, sizeof suffix, ".%llx", static_cast<unsigned long long>(nanos));
    event->metadata.name = about.name.str() + suffix;
    event->metadata.namespace_ = about.namespace_.empty() ? api::Str("default") : about.namespace_;
    event->involvedObject = about;
    event->type = type;
    event->reason = reason;
    event->source.component = component_;
    event->reportingComponent = component_;
    if (!host_.empty()) {
      event->source.host = host_;
      event->reportingInstance = host_;
    }
    event->firstTimestamp = now;
    return event;
  }

  void pump() {
    for (;;) {
      std::shared_ptr<Series> series;
      Request request;
      {
        std::lock_guard lock(mutex_);
        if (stopped_ || waiting_.empty() || in_flight_ >= max_in_flight) return;
        series = std::move(waiting_.front());
        waiting_.pop_front();
        series->waits = false;
        if (series->in_flight) continue;
        series->in_flight = true;
        series->dirty = false;
        ++in_flight_;
        request = series->created ? raise(*series->event) : create_request(series->event);
      }
      client_.send(std::move(request), [weak = weak_from_this(), series](Result<ObjectPtr> result) {
        if (const auto core = weak.lock()) core->answered(series, result);
      });
    }
  }

  static Request raise(const corev1::Event& event) {
    return patch_request(resource_of<corev1::Event>(), event.metadata.namespace_, event.metadata.name, PatchType::strategic,
                         "{\"count\":" + std::to_string(event.count) + ",\"lastTimestamp\":\"" + api::format_time(event.lastTimestamp.wall()) +
                             "\",\"message\":" + json_text(event.message) + "}");
  }

  void answered(const std::shared_ptr<Series>& series, const Result<ObjectPtr>& result) {
    {
      std::lock_guard lock(mutex_);
      --in_flight_;
      series->in_flight = false;
      if (result.ok()) {
        series->created = true;
        series->attempts = 0;
      } else if (series->created && is_not_found(result.error())) {
        series->created = false;  // it expired on the server: make it anew
        series->dirty = true;
      } else if (result.error().code == Code::unavailable && ++series->attempts < 3) {
        retry_later(series);
      }
      if (series->dirty) enqueue(series);
    }
    pump();
  }

  void retry_later(const std::shared_ptr<Series>& series) {
    clock_.after(std::chrono::seconds(10), [weak = weak_from_this(), series] {
      const auto core = weak.lock();
      if (!core) return;
      {
        std::lock_guard lock(core->mutex_);
        if (core->stopped_ || series->in_flight) return;
        core->enqueue(series);
      }
      core->pump();
    });
  }

  Client& client_;
  Clock& clock_;
  const std::string component_, host_;
  std::mutex mutex_;
  // All below under mutex_.
  Recent<std::shared_ptr<Series>> series_;
  Recent<Similar> similar_;
  Recent<SpamBucket> spam_;
  std::deque<std::shared_ptr<Series>> waiting_;
  std::size_t in_flight_ = 0;
  std::int64_t last_name_ = 0;
  bool stopped_ = false;
};

EventRecorder::EventRecorder(Client& client, Clock& clock, std::string component, std::string host)
    : core_(std::make_shared<Core>(client, clock, std::move(component), std::move(host))) {}
EventRecorder::~EventRecorder() { core_->stop(); }

void EventRecorder::record(const corev1::ObjectReference& about, std::string_view type, std::string_view reason, std::string_view message) {
  core_->record(about, type, reason, message);
}

}  // namespace plumb::informer
