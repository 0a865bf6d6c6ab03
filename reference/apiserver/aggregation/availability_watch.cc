#include "reference/apiserver/aggregation/availability_watch.h"

#include <algorithm>

#include "harness/base/log.h"
#include "reference/resources/shared/conditions.h"

namespace plumb::apiserver {
namespace {

using namespace std::chrono_literals;
using apiregistrationv1::APIService;

constexpr Duration ask_every = 30s, first_retry = 5ms, longest_retry = 30s;
constexpr std::size_t asked_at_once = 5;  // endpoints of one server, as upstream
constexpr std::size_t events_at_once = 256;

const Resource& resource_of(const api::TypeInfo& type) { return *resources::find_by_type(type); }

Slices slices_of(const Registry& registry, const std::string& namespace_, const std::string& service) {
  Slices found;
  for (const api::ObjectPtr& object : registry.list(discoveryv1::EndpointSlice::info(), namespace_)) {
    const api::Str* of = object->metadata.labels.find("kubernetes.io/service-name");
    if (of && *of == service) found.push_back(std::static_pointer_cast<const discoveryv1::EndpointSlice>(object));
  }
  return found;
}

bool is_available(const APIService& service) {
  const auto* condition = resources::find_condition(service.status.conditions, apiregistrationv1::Available);
  return condition && condition->status == apiregistrationv1::ConditionTrue;
}

std::string about(const APIService& service, const std::vector<net::Endpoint>& endpoints) {
  std::string text = service.metadata.uid.str() + discovery_path(service.spec);
  for (const net::Endpoint& each : endpoints) text += " " + each.text();
  return text;
}

Duration retry_after(int failures) { return std::min<Duration>(first_retry * (1 << std::min(failures, 13)), longest_retry); }

}  // namespace

void AvailabilityWatch::Inbox::put(Answer answer) {
  std::lock_guard lock(mutex);
  if (!owner) return;
  answers.push_back(std::move(answer));
  owner->signal();
}

AvailabilityWatch::AvailabilityWatch(Registry& registry, Clock& clock, Ask ask)
    : registry_(registry), clock_(clock), ask_(std::move(ask)), calls_(registry) {
  inbox_->owner = this;
}

AvailabilityWatch::~AvailabilityWatch() {
  {
    std::lock_guard lock(inbox_->mutex);
    inbox_->owner = nullptr;
  }
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    if (timer_) clock_.cancel(*timer_);
  }
  worker_.stop();
  watchers_.clear();
}

void AvailabilityWatch::start() { signal(); }

ForeignPtr AvailabilityWatch::table() const {
  std::lock_guard lock(mutex_);
  return table_;
}

void AvailabilityWatch::signal() {
  std::lock_guard lock(mutex_);
  if (signalled_ || stopping_) return;
  signalled_ = true;
  worker_.try_post([this] { run(); });
}

// A change of anything here makes every APIService be looked at again: they are few, and looking costs no I/O unless something differs.
void AvailabilityWatch::run() {
  {
    std::lock_guard lock(mutex_);
    signalled_ = false;
    if (stopping_) return;
  }
  drain();
  take_answers();
  std::set<std::string> there;
  for (const api::ObjectPtr& object : registry_.list(APIService::info(), {})) {
    there.insert(object->metadata.name.str());
    look_at(std::static_pointer_cast<const APIService>(object));
  }
  const auto gone = [&](const auto& entry) { return !there.contains(entry.first); };
  std::erase_if(entries_, gone);
  std::erase_if(endpoints_, gone);
  publish();
  schedule();
}

// Empties the watchers, and makes them anew where one has ended.
bool AvailabilityWatch::drain() {
  bool ended = watchers_.empty();
  for (const WatcherPtr& watcher : watchers_) {
    Watcher::Batch batch;
    do {
      batch = watcher->take(events_at_once);
      ended = ended || batch.ended;
    } while (batch.more);
  }
  if (!ended) return false;
  watchers_.clear();
  for (const api::TypeInfo* type : {&APIService::info(), &corev1::Service::info(), &discoveryv1::EndpointSlice::info()}) {
    ResourceCache* cache = registry_.cache().find(resource_of(*type));
    auto watcher = cache->watch({}, {cache->state().revision, false, false});
    if (!watcher.ok()) continue;
    (*watcher)->on_ready([this] { signal(); });
    (void)(*watcher)->take(events_at_once);  // from here on it calls
    watchers_.push_back(std::move(*watcher));
  }
  return true;
}

void AvailabilityWatch::take_answers() {
  std::vector<Answer> answers;
  {
    std::lock_guard lock(inbox_->mutex);
    answers.swap(inbox_->answers);
  }
  for (Answer& answer : answers) {
    const auto found = entries_.find(answer.name);
    if (found == entries_.end() || found->second.asked_about != answer.asked_about || found->second.pending.erase(answer.endpoint) == 0) continue;
    Entry& entry = found->second;
    if (answer.result.ok()) {
      // One that answers is enough.
      entry.pending.clear();
      entry.failures = 0;
      entry.due = clock_.now() + ask_every;
      entry.answer = asked_availability(std::nullopt);
      if (auto list = api::parse_json(*answer.result); list.ok()) entry.resources = std::move(*list);
    } else if (entry.pending.empty()) {
      entry.due = clock_.now() + retry_after(entry.failures++);
      entry.answer = asked_availability(answer.result.error().message);
    }
  }
}

void AvailabilityWatch::look_at(const std::shared_ptr<const APIService>& service) {
  const std::string name = service->metadata.name.str();
  if (!service->spec.service) {
    entries_.erase(name);
    endpoints_.erase(name);
    return write(*service, local_availability());
  }
  const std::string home = service->spec.service->namespace_.str(), target = service->spec.service->name.str();
  const auto found = registry_.ClusterView::get<corev1::Service>(home, target);
  Judgement judgement = judge(*service, found.get(), slices_of(registry_, home, target));
  Entry& entry = entries_[name];
  if (judgement.settled) {
    entry.asked_about.clear();
    write(*service, *judgement.settled);
  } else {
    const std::string what = about(*service, judgement.endpoints);
    if (entry.asked_about != what || (entry.pending.empty() && clock_.now() >= entry.due))
      ask_all(name, discovery_path(service->spec), what, judgement.endpoints, entry);
    if (entry.answer) write(*service, *entry.answer);
  }
  endpoints_[name] = std::move(judgement.endpoints);
}

void AvailabilityWatch::ask_all(const std::string& name, const std::string& path, const std::string& about, const std::vector<net::Endpoint>& endpoints,
                                Entry& entry) {
  if (entry.asked_about != about) {
    entry.asked_about = about;
    entry.answer.reset();
    entry.failures = 0;
  }
  entry.pending.clear();
  const std::size_t count = std::min(endpoints.size(), asked_at_once);
  for (std::size_t i = 0; i < count; ++i) entry.pending.insert(endpoints[i].text());
  for (std::size_t i = 0; i < count; ++i) {
    const std::string where = endpoints[i].text();
    ask_(endpoints[i], path, [inbox = inbox_, name, about, where](Result<std::string> result) { inbox->put({name, about, where, std::move(result)}); });
  }
}

void AvailabilityWatch::write(const APIService& service, const Availability& found) {
  const auto* present = resources::find_condition(service.status.conditions, apiregistrationv1::Available);
  if (present && present->status == found.status && present->reason == found.reason && present->message == found.message) return;
  const auto written = calls_.change(APIService::info(), {{}, service.metadata.name.str()}, "status",
                                     [&](const api::Object& current) -> ApiResult<std::shared_ptr<api::Object>> {
                                       auto next = std::make_shared<APIService>(static_cast<const APIService&>(current));
                                       apiregistrationv1::APIServiceCondition condition;
                                       condition.type = apiregistrationv1::Available;
                                       condition.status = found.status;
                                       condition.reason = found.reason;
                                       condition.message = found.message;
                                       resources::set_condition(next->status.conditions, std::move(condition), clock_.wall());
                                       return std::shared_ptr<api::Object>(std::move(next));
                                     });
  if (!written.ok() && written.status().code != 404)
    log::warning("aggregation", "writing the status of APIService " + service.metadata.name.str() + ": " + written.status().message.str());
}

void AvailabilityWatch::schedule() {
  std::optional<Instant> next;
  for (const auto& [name, entry] : entries_)
    if (entry.answer && entry.pending.empty() && !entry.asked_about.empty() && (!next || entry.due < *next)) next = entry.due;
  std::lock_guard lock(mutex_);
  if (timer_) clock_.cancel(*timer_);
  timer_.reset();
  if (next && !stopping_) timer_ = clock_.at(*next, [this] { signal(); });
}

void AvailabilityWatch::publish() {
  auto made = std::make_shared<ForeignTable>();
  for (const api::ObjectPtr& object : registry_.list(APIService::info(), {})) {
    const auto service = std::static_pointer_cast<const APIService>(object);
    if (!service->spec.service) continue;
    const auto entry = entries_.find(service->metadata.name.str());
    ForeignVersion foreign{service, is_available(*service), endpoints_[service->metadata.name.str()], {}};
    if (entry != entries_.end()) foreign.resources = entry->second.resources;
    made->emplace(service->spec.group.str() + "/" + service->spec.version.str(), std::move(foreign));
  }
  std::lock_guard lock(mutex_);
  if (*made != *table_) table_ = std::move(made);  // a table that stays the same spares those who made something of it
}

}  // namespace plumb::apiserver
