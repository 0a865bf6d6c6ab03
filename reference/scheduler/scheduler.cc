#include "reference/scheduler/scheduler.h"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "reference/scheduler/cluster_changes.h"
#include "reference/scheduler/object_events.h"
#include "reference/scheduler/preemptions.h"

namespace plumb::scheduler {

namespace {

using About = Message::About;

constexpr Duration sync_poll = std::chrono::milliseconds(50);

}  // namespace

class Scheduler::Core {
 public:
  Core(informer::Client& client, informer::InformerFactory& informers, Clock& clock, SchedulerOptions options,
       std::vector<std::unique_ptr<Profile>> profiles)
      : client_(client), clock_(clock), options_(std::move(options)),
        needed_{&informers.informer<corev1::Node>(), &informers.informer<corev1::Pod>(), &informers.informer<corev1::Namespace>()},
        order_(*profiles.front()->queue_sort.front().plugin),
        lanes_(std::move(profiles), table_, client, clock, options_.seed,
               [this, &informers](const resources::Resource& resource) -> informer::Informer& { return heed(informers.informer(resource)); }),
        queue_(order_, [this](const PodInfo& pod) { return admits(pod); },
               [this](const PodInfo& pod, const Refusers& refusers, const Change& change) { return helps(pod, refusers, change); },
               [this](SchedulingQueue::Place place, std::string_view event) { metrics_.incoming(place, event); }, options_.queue) {
    for (std::size_t i = 0; i < 3; ++i) tell_of(*needed_[i]);
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
      if (bindings_.go_on(now)) continue;
      if (!may_schedule()) break;
      queue_.flush(now);
      if (bindings_.size() >= options_.most_bindings) break;
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
    return {queue_.size(Place::active), queue_.size(Place::backoff), queue_.size(Place::unschedulable), queue_.size(Place::gated), bindings_.size()};
  }

 private:
  // --- what it hears

  void tell_of(informer::Informer& source) {
    source.add_handler([inbox = inbox_](const api::ObjectPtr& before, const api::ObjectPtr& after) { inbox->put({About::object, before, after}); });
  }
  // A cache that a plugin looks at.
  informer::Informer& heed(informer::Informer& source) {
    needed_.push_back(&source);
    if (events_of(source.resource().type()) && telling_.insert(&source).second) tell_of(source);
    return source;
  }

  void read_messages() {
    std::vector<Message>& messages = reading_;
    inbox_->take(messages);
    for (Message& message : messages) {
      switch (message.about) {
        case About::object: changes_.take(message); break;
        case About::preparation: bindings_.prepared(message); break;
        case About::binding: bindings_.bound(message); break;
        case About::preemption: preemptions_.told(message, *lanes_.of(*message.preemptor)->recorder); break;
      }
    }
    messages.clear();
  }

  // --- when it works

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
    if (const auto deadline = bindings_.deadline(); deadline && (!next || *deadline < *next)) next = deadline;
    if (!may_schedule() && !(options_.leader_election && !leading_)) next = clock_.now() + sync_poll;
    if (next) timer_ = clock_.at(*next, [inbox = inbox_] { inbox->wake(); });
  }

  // --- what the queue asks

  bool admits(const PodInfo& pod) {
    Lane* lane = lanes_.of(*pod.pod);
    return lane && lane->profile->admits(pod) && !preemptions_.under_way(pod.uid());
  }
  bool helps(const PodInfo& pod, const Refusers& refusers, const Change& change) {
    Lane* lane = lanes_.of(*pod.pod);
    return lane && lane->profile->helps(pod, refusers, change);
  }

  // --- one try

  void try_pod(QueuedPod queued, Instant began) {
    const PodInfoPtr pod = queued.pod;
    Lane& lane = *lanes_.of(*pod->pod);
    if (pod->pod->metadata.deletionTimestamp) {
      lane.recorder->record(*pod->pod, informer::event_warning, "FailedScheduling", "skip schedule deleting pod: " + informer::object_key(*pod->pod));
      return;
    }
    const Decision decision = lane.cycle->run(*pod);
    metrics_.decided(decision, lane.name());
    if (!decision.node) {
      preemptions_.carry_out(pod, lane.name(), decision);
      return failures_.add(std::move(queued), lane, {decision.code, decision.message, decision.refusers, decision.nominate}, began);
    }
    const std::string node = decision.node->name().str();
    if (!table_.assume(pod, node)) return;  // has a node already
    table_.nominations.withdraw(pod->uid());
    bindings_.begin(std::move(queued), lane, node, began);
  }

  informer::Client& client_;
  Clock& clock_;
  const SchedulerOptions options_;
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::atomic<bool> stopped_{false}, leading_{false};
  SchedulerMetrics metrics_;
  std::thread thread_;
  std::unique_ptr<informer::LeaderElector> elector_;

  // Of the scheduling thread alone.
  std::set<informer::Informer*> telling_;    // of those needed, other than nodes, pods and namespaces
  std::vector<informer::Informer*> needed_;  // for a decision: nodes, pods, namespaces, others
  bool synced_ = false;
  NodeTable table_;
  const QueueSortPlugin& order_;
  Lanes lanes_;
  SchedulingQueue queue_;
  Failures failures_{client_, clock_, table_.nominations, queue_, metrics_};
  Preemptions preemptions_{client_, clock_, table_.nominations, queue_, inbox_};
  Bindings bindings_{client_, clock_, table_, queue_, failures_, metrics_, inbox_};
  ClusterChanges changes_{clock_, table_, queue_, bindings_, lanes_};
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
