#include "reference/scheduler/scheduler.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <unordered_map>

#include "reference/informer/event_recorder.h"
#include "reference/scheduler/cycle.h"
#include "reference/scheduler/inbox.h"
#include "reference/scheduler/object_events.h"
#include "reference/scheduler/pod_status.h"
#include "reference/scheduler/preemptions.h"
#include "reference/scheduler/preparation.h"
#include "reference/scheduler/scheduler_metrics.h"

namespace plumb::scheduler {

namespace {

using api::ObjectPtr;
using About = Message::About;
using PodPtr = std::shared_ptr<const corev1::Pod>;

constexpr Duration sync_poll = std::chrono::milliseconds(50);

bool is_terminal(const corev1::Pod& pod) { return pod.status.phase == corev1::PodSucceeded || pod.status.phase == corev1::PodFailed; }

std::string name_of(const corev1::Pod& pod) { return informer::object_key(pod); }

}  // namespace

class Scheduler::Core {
 public:
  Core(informer::Client& client, informer::InformerFactory& informers, Clock& clock, SchedulerOptions options,
       std::vector<std::unique_ptr<Profile>> profiles)
      : client_(client), clock_(clock), options_(std::move(options)), nodes_(informers.informer<corev1::Node>()),
        pods_(informers.informer<corev1::Pod>()), namespaces_(informers.informer<corev1::Namespace>()),
        queue_(*profiles.front()->queue_sort.front().plugin, [this](const PodInfo& pod) { return admits(pod); },
               [this](const PodInfo& pod, const Refusers& refusers, const Change& change) { return helps(pod, refusers, change); },
               [this](SchedulingQueue::Place place, std::string_view event) { metrics_.incoming(place, event); }, options_.queue) {
    needed_ = {&nodes_, &pods_, &namespaces_};
    const auto tell = [inbox = inbox_](const ObjectPtr& before, const ObjectPtr& after) { inbox->put({About::object, before, after}); };
    const auto informer = [this, &informers, tell](const resources::Resource& resource) -> informer::Informer& {
      informer::Informer& source = *needed_.emplace_back(&informers.informer(resource));
      if (events_of(resource.type()) && telling_.insert(&source).second) source.add_handler(tell);
      return source;
    };
    std::uint64_t seed = options_.seed;
    for (auto& profile : profiles) {
      const std::string name = profile->options().scheduler_name;
      Lane& lane = lanes_[name];
      lane.profile = std::move(profile);
      lane.cycle = std::make_unique<Cycle>(*lane.profile, table_, clock_, seed++, informer);
      lane.recorder = std::make_unique<informer::EventRecorder>(client, clock, name);
    }
    nodes_.add_handler(tell);
    pods_.add_handler(tell);
    namespaces_.add_handler(tell);
  }
  ~Core() { stop(); }

  void start() {
    if (thread_.joinable()) return;
    stopped_ = false;
    thread_ = std::thread([this] { loop(); });
    if (!options_.leader_election) return;
    informer::LeaderCallbacks callbacks;
    callbacks.started_leading = [this] { lead(true); };
    callbacks.stopped_leading = [this] {
      lead(false);
      if (options_.lost_leadership && !stopped_) options_.lost_leadership();
    };
    elector_ = std::make_unique<informer::LeaderElector>(client_, clock_, *options_.leader_election, std::move(callbacks));
    elector_->start();
  }

  void stop() {
    stopped_ = true;
    inbox_->wake();
    if (thread_.joinable()) thread_.join();
    // Only now: another must not decide while this one still may.
    if (elector_) elector_->stop();
    if (timer_) clock_.cancel(*timer_);
    timer_.reset();
  }

  std::size_t run_pending() {
    std::size_t tries = 0;
    while (!stopped_) {
      read_messages();
      const Instant now = clock_.now();
      if (end_preparations(now)) continue;
      if (!may_schedule()) break;
      queue_.flush(now);
      if (binding_.size() >= options_.most_bindings) break;
      std::optional<QueuedPod> pod = queue_.pop();
      if (!pod) break;
      try_pod(std::move(*pod), now);
      ++tries;
    }
    metrics_.pending(queue_);
    return tries;
  }

  Counts counts() const {
    using Place = SchedulingQueue::Place;
    return {queue_.size(Place::active), queue_.size(Place::backoff), queue_.size(Place::unschedulable), queue_.size(Place::gated), binding_.size()};
  }

 private:
  // A profile at work.
  struct Lane {
    std::unique_ptr<Profile> profile;
    std::unique_ptr<Cycle> cycle;
    std::unique_ptr<informer::EventRecorder> recorder;
    std::string_view name() const { return profile->options().scheduler_name; }
  };
  // A pod that goes to its node: while that is prepared, and then while its binding is on the way.
  struct Binding {
    QueuedPod queued;
    Lane* lane;
    std::string_view plugin;
    std::string node;
    Instant began, sent;
  };

  void loop() {
    while (!stopped_) {
      run_pending();
      set_timer();
      inbox_->wait();
    }
  }

  void lead(bool leading) {
    leading_ = leading;
    inbox_->wake();
  }

  bool may_schedule() {
    if (options_.leader_election && !leading_) return false;
    if (!synced_) synced_ = std::all_of(needed_.begin(), needed_.end(), [](const informer::Informer* one) { return one->has_synced(); });
    return synced_;
  }

  // Wakes the loop when time makes something ready.
  void set_timer() {
    if (timer_) clock_.cancel(*timer_);
    timer_.reset();
    std::optional<Instant> next = queue_.next_flush();
    if (const auto deadline = preparations_.deadline(); deadline && (!next || *deadline < *next)) next = deadline;
    if (!may_schedule() && !(options_.leader_election && !leading_)) next = clock_.now() + sync_poll;
    if (next) timer_ = clock_.at(*next, [inbox = inbox_] { inbox->wake(); });
  }

  Lane* lane_of(const corev1::Pod& pod) {
    const std::string_view name = pod.spec.schedulerName.empty() ? std::string_view("default-scheduler") : pod.spec.schedulerName.view();
    const auto found = lanes_.find(name);
    return found == lanes_.end() ? nullptr : &found->second;
  }
  bool admits(const PodInfo& pod) {
    Lane* lane = lane_of(*pod.pod);
    return lane && lane->profile->admits(pod) && !preemptions_.under_way(pod.uid());
  }

  bool helps(const PodInfo& pod, const Refusers& refusers, const Change& change) {
    Lane* lane = lane_of(*pod.pod);
    return lane && lane->profile->helps(pod, refusers, change);
  }

  // --- what the cluster says

  void read_messages() {
    std::vector<Message>& messages = reading_;
    inbox_->take(messages);
    for (Message& message : messages) {
      switch (message.about) {
        case About::object: object_changed(message); break;
        case About::preparation: preparations_.told(message); break;
        case About::binding: bound(message); break;
        case About::preemption: preemptions_.told(message, *lane_of(*message.preemptor)->recorder); break;
      }
    }
    messages.clear();
  }

  void object_changed(const Message& message) {
    const api::TypeInfo& type = (message.after ? message.after : message.before)->type();
    if (&type == &corev1::Node::info()) node_changed(message);
    else if (&type == &corev1::Namespace::info()) namespace_changed(message);
    else if (const Events events = events_of(type)) other_changed(message, type, events);
    else pod_changed(api::as<corev1::Pod>(message.before), api::as<corev1::Pod>(message.after));
  }

  void node_changed(const Message& message) {
    const auto node = api::as<corev1::Node>(message.after);
    if (!node) return queue_.move(table_.remove_node(message.before->metadata.name), "NodeDelete", clock_.now());
    const Change change = table_.set_node(node);
    queue_.move(change, change.events & event::node_added ? "NodeAdd" : "NodeUpdate", clock_.now());
  }

  void namespace_changed(const Message& message) {
    if (message.after) table_.counts().set_namespace(message.after->metadata.name, message.after->metadata.labels);
    else table_.counts().remove_namespace(message.before->metadata.name);
  }

  void other_changed(const Message& message, const api::TypeInfo& type, Events events) {
    const std::string_view how = !message.before ? "Add" : !message.after ? "Delete" : "Update";
    queue_.move({events, nullptr, nullptr, nullptr, nullptr, message.before, message.after}, std::string(type.name) + std::string(how), clock_.now());
    preparations_.look_again();
  }

  void pod_changed(const PodPtr& before, const PodPtr& after) {
    if (before && (!after || before->metadata.uid != after->metadata.uid)) pod_gone(*before);
    if (!after) return;
    if (is_terminal(*after)) return pod_gone(*after);
    if (!after->spec.nodeName.empty()) return pod_placed(after);
    if (!lane_of(*after)) return;
    const auto on_the_way = binding_.find(after->metadata.uid.view());
    if (on_the_way != binding_.end()) {
      on_the_way->second.queued.pod = std::make_shared<PodInfo>(after);
      return;
    }
    const auto info = std::make_shared<PodInfo>(after);
    table_.nominations.update(info);
    queue_.set(info, clock_.now());
  }

  void pod_placed(const PodPtr& pod) {
    queue_.remove(pod->metadata.uid);
    table_.nominations.withdraw(pod->metadata.uid);
    const Change change = table_.set_pod(pod);
    queue_.move(change, change.events & event::pod_assigned ? "AssignedPodAdd" : "AssignedPodUpdate", clock_.now());
  }

  void pod_gone(const corev1::Pod& pod) {
    const auto on_the_way = binding_.find(pod.metadata.uid.view());
    if (on_the_way != binding_.end()) {
      preparations_.drop(pod.metadata.uid);
      unreserve(take(on_the_way));
    }
    queue_.remove(pod.metadata.uid);
    table_.nominations.withdraw(pod.metadata.uid);
    queue_.move(table_.remove_pod(pod.metadata.uid), "AssignedPodDelete", clock_.now());
  }

  // --- one try

  void try_pod(QueuedPod queued, Instant began) {
    const PodInfoPtr pod = queued.pod;
    Lane& lane = *lane_of(*pod->pod);
    if (pod->pod->metadata.deletionTimestamp) {
      lane.recorder->record(*pod->pod, informer::event_warning, "FailedScheduling", "skip schedule deleting pod: " + name_of(*pod->pod));
      return;
    }
    const Decision decision = lane.cycle->run(*pod);
    metrics_.decided(decision, lane.name());
    if (!decision.node) {
      preemptions_.carry_out(pod, lane.name(), decision);
      return not_placed(std::move(queued), lane, decision.code, decision.message, decision.refusers, began, decision.nominate);
    }
    const std::string node = decision.node->name().str();
    if (!table_.assume(pod, node)) return;  // has a node already
    table_.nominations.withdraw(pod->uid());
    if (!reserve(queued, lane, node, began)) return;
    prepare(std::move(queued), lane, node, began);
  }

  // Reserve and Permit. When one refuses, the pod goes back to the queue.
  bool reserve(QueuedPod& queued, Lane& lane, const std::string& node, Instant began) {
    const auto refused = [&](std::string_view point, std::size_t slot, const Traits& traits, const Verdict& verdict) {
      for (const auto& asked : lane.profile->reserve) asked.plugin->unreserve(*queued.pod, node);
      table_.forget(queued.pod->uid());
      const std::string message = verdict.code == Code::error
                                      ? "running " + std::string(point) + " plugin \"" + std::string(traits.name) + "\": " + verdict.reason
                                      : "0/1 nodes are available: 1 " + verdict.reason + ".";
      Refusers refusers;
      refusers.add(slot, traits.events);
      not_placed(std::move(queued), lane, verdict.code, message, refusers, began);
      return false;
    };
    for (const auto& asked : lane.profile->reserve)
      if (const Verdict verdict = asked.plugin->reserve(*queued.pod, node); !verdict.ok()) return refused("Reserve", asked.slot, asked.traits, verdict);
    for (const auto& asked : lane.profile->permit)
      if (const Verdict verdict = asked.plugin->permit(*queued.pod, node); !verdict.ok()) return refused("Permit", asked.slot, asked.traits, verdict);
    return true;
  }

  void unreserve(const Binding& binding) {
    for (const auto& asked : binding.lane->profile->reserve) asked.plugin->unreserve(*binding.queued.pod, binding.node);
  }

  // PreBind. Without anything to prepare the binding goes out at once.
  void prepare(QueuedPod queued, Lane& lane, const std::string& node, Instant began) {
    if (!preparations_.begin(*lane.profile, queued.pod, node, clock_.now())) return send_binding(std::move(queued), lane, node, began);
    std::string uid(queued.pod->uid());
    binding_.insert_or_assign(std::move(uid), Binding{std::move(queued), &lane, {}, node, began, clock_.now()});
  }

  bool end_preparations(Instant now) {
    const auto ended = preparations_.ended(now);
    for (const auto& [uid, failure] : ended) {
      const auto found = binding_.find(uid);
      if (found == binding_.end()) continue;
      Binding binding = take(found);
      if (!failure.empty()) give_back(std::move(binding), failure);
      else send_binding(std::move(binding.queued), *binding.lane, binding.node, binding.began);
    }
    return !ended.empty();
  }

  // The way to the node is closed: everything reserved is free again, and the pod back in the queue.
  void give_back(Binding binding, const std::string& why) {
    unreserve(binding);
    if (!table_.forget(binding.queued.pod->uid())) return;
    queue_.move({.events = event::pod_removed, .pod_before = binding.queued.pod, .node_name = binding.node}, "AssignedPodDelete", clock_.now());
    not_placed(std::move(binding.queued), *binding.lane, Code::error, why, Refusers::unknown(), binding.began);
  }

  Binding take(StringMap<Binding>::iterator at) {
    Binding binding = std::move(at->second);
    binding_.erase(at);
    return binding;
  }

  void send_binding(QueuedPod queued, Lane& lane, const std::string& node, Instant began) {
    const PodInfoPtr pod = queued.pod;
    const auto& binders = lane.profile->bind;
    const auto binder = std::find_if(binders.begin(), binders.end(), [&](const auto& asked) { return asked.plugin->binds(*pod); });
    if (binder == binders.end()) {
      for (const auto& asked : lane.profile->reserve) asked.plugin->unreserve(*pod, node);
      table_.forget(pod->uid());
      return not_placed(std::move(queued), lane, Code::error, "no plugin binds this pod", Refusers::unknown(), began);
    }
    std::string uid(pod->uid());
    binding_.insert_or_assign(uid, Binding{std::move(queued), &lane, binder->traits.name, node, began, clock_.now()});
    binder->plugin->bind(client_, *pod, node, [inbox = inbox_, uid = std::move(uid)](Status answer) {
      inbox->put({.about = About::binding, .uid = uid, .answer = std::move(answer)});
    });
  }

  void bound(const Message& message) {
    const auto found = binding_.find(message.uid);
    if (found == binding_.end()) return;  // the pod is gone
    Binding binding = take(found);
    const Instant now = clock_.now();
    const std::string_view profile = binding.lane->name();
    metrics_.bound(profile, now - binding.sent, message.answer.ok());
    const corev1::Pod& pod = *binding.queued.pod->pod;
    if (message.answer.ok()) {
      metrics_.tried(TryResult::scheduled, profile, now - binding.began);
      metrics_.scheduled(binding.queued.attempts, now - *binding.queued.first_tried_from);
      binding.lane->recorder->record(pod, informer::event_normal, "Scheduled",
                                     "Successfully assigned " + name_of(pod) + " to " + binding.node);
      return;
    }
    // Where the informer has shown the pod on a node the answer was lost, or another scheduler was first.
    const std::string why = "binding rejected: running Bind plugin \"" + std::string(binding.plugin) + "\": " + message.answer.error().message;
    give_back(std::move(binding), why);
  }

  void not_placed(QueuedPod queued, Lane& lane, Code code, const std::string& message, const Refusers& refusers, Instant began,
                  const std::optional<std::string>& nominate = std::nullopt) {
    const PodPtr pod = queued.pod->pod;
    const Instant now = clock_.now();
    const bool error = code == Code::error;
    queued.nominated_node = table_.nominations.node_of(queued.pod->uid());
    metrics_.tried(error ? TryResult::error : TryResult::unschedulable, lane.name(), now - began);
    error ? queue_.failed(std::move(queued), now) : queue_.refused(std::move(queued), refusers, now);
    lane.recorder->record(*pod, informer::event_warning, "FailedScheduling", message);
    show_unscheduled(client_, *pod, error ? "SchedulerError" : "Unschedulable", message, nominate, clock_.wall());
  }

  informer::Client& client_;
  Clock& clock_;
  const SchedulerOptions options_;
  informer::Informer& nodes_;
  informer::Informer& pods_;
  informer::Informer& namespaces_;
  std::vector<informer::Informer*> needed_;  // for a decision
  std::set<informer::Informer*> telling_;    // of these, other than nodes, pods and namespaces
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::atomic<bool> stopped_{false}, leading_{false};
  SchedulerMetrics metrics_;
  std::thread thread_;
  std::unique_ptr<informer::LeaderElector> elector_;

  // Of the scheduling thread alone.
  bool synced_ = false;
  std::map<std::string, Lane, std::less<>> lanes_;
  NodeTable table_;
  SchedulingQueue queue_;
  Preparations preparations_{client_, inbox_};
  Preemptions preemptions_{client_, clock_, table_.nominations, queue_, inbox_};
  StringMap<Binding> binding_;  // by UID
  std::vector<Message> reading_;
  std::optional<Clock::TimerId> timer_;
};

Result<std::unique_ptr<Scheduler>> Scheduler::make(informer::Client& client, informer::InformerFactory& informers, Clock& clock,
                                                   SchedulerOptions options) {
  std::vector<std::unique_ptr<Profile>> profiles;
  std::set<std::string> names;
  for (const ProfileOptions& profile : options.profiles) {
    if (!names.insert(profile.scheduler_name).second)
      return fail(plumb::Code::invalid_argument, "two profiles of the scheduler name " + profile.scheduler_name);
    profiles.push_back(PLUMB_TRY(Profile::make(profile)));
  }
  if (profiles.empty()) return fail(plumb::Code::invalid_argument, "a scheduler needs a profile");
  return std::unique_ptr<Scheduler>(
      new Scheduler(std::make_unique<Core>(client, informers, clock, std::move(options), std::move(profiles))));
}

Scheduler::Scheduler(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Scheduler::~Scheduler() = default;
void Scheduler::start() { core_->start(); }
void Scheduler::stop() { core_->stop(); }
std::size_t Scheduler::run_pending() { return core_->run_pending(); }
Scheduler::Counts Scheduler::counts() const { return core_->counts(); }

}  // namespace plumb::scheduler
