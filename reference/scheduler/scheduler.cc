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
       std::vector<std::unique_ptr<Profile>> profiles, std::shared_ptr<net::Reactor> reactor, Extenders extenders)
      : client_(client), clock_(clock), options_(std::move(options)), reactor_(std::move(reactor)), extenders_(std::move(extenders)),
        needed_{&informers.informer<corev1::Node>(), &informers.informer<corev1::Pod>(), &informers.informer<corev1::Namespace>()},
        order_(*profiles.front()->queue_sort.front().plugin),
        lanes_(std::move(profiles), table_, client, clock, options_.seed,
               [this, &informers](const resources::Resource& resource) -> informer::Informer& { return heed(informers.informer(resource)); }),
        queue_(order_, [this](const PodInfo& pod) { return admits(pod); },
               [this](const PodInfo& pod, const Refusers& refusers, const Change& change) { return helps(pod, refusers, change); },
               [this](SchedulingQueue::Place place, std::string_view event) { metrics_.incoming(place, event); }, options_.queue) {
    for (std::size_t i = 0; i < 3; ++i) tell_of(*needed_[i]);
  }
  ~Core() {
    stop();
    if (!reactor_) return;
    extenders_.clear();
    reactor_->stop();
  }

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
      if (auto over = consultations_.ended()) {
        conclude(std::move(*over));
        continue;
      }
      if (auto turn = consultations_.next()) {
        consult(std::move(*turn));
        continue;
      }
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
    return {queue_.size(Place::active), queue_.size(Place::backoff), queue_.size(Place::unschedulable), queue_.size(Place::gated), bindings_.size(), consultations_.size()};
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
        case About::consultation: consultations_.told(message); break;
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
    Lane& lane = *lanes_.of(*queued.pod->pod);
    if (is_leaving(*queued.pod->pod, lane)) return;
    if (consultations_.concerns(*queued.pod->pod)) return consultations_.line_up(std::move(queued), lane, began);
    Decision decision = lane.cycle->run(*queued.pod);
    carry_out({std::move(queued), &lane, began}, std::move(decision));
  }

  bool is_leaving(const corev1::Pod& pod, Lane& lane) {
    if (!pod.metadata.deletionTimestamp) return false;
    lane.recorder->record(pod, informer::event_warning, "FailedScheduling", "skip schedule deleting pod: " + informer::object_key(pod));
    return true;
  }

  // What extenders will be asked about the pod.
  void consult(Consultation pod) {
    if (is_leaving(*pod.queued.pod->pod, *pod.lane)) return;
    Decision search = pod.lane->cycle->search(*pod.queued.pod, consultations_.concerns_preemption(*pod.queued.pod->pod));
    if (!search.found.empty()) return consultations_.ask_about_nodes(std::move(pod), std::move(search));
    carry_out(std::move(pod), std::move(search));
  }

  // They have answered.
  void conclude(Consultation pod) {
    if (is_leaving(*pod.queued.pod->pod, *pod.lane)) return;
    if (pod.decision) return conclude_preemption(std::move(pod));
    if (!pod.error.empty()) return failures_.add(std::move(pod.queued), *pod.lane, {Code::error, pod.error}, pod.began);
    Decision decision = pod.lane->cycle->run(*pod.queued.pod, &pod.advice, consultations_.concerns_preemption(*pod.queued.pod->pod));
    carry_out(std::move(pod), std::move(decision));
  }

  void conclude_preemption(Consultation pod) {
    Decision decision = std::move(*pod.decision);
    if (pod.error.empty()) pod.lane->cycle->choose(decision);
    else decision.message += " preemption: " + pod.error;
    decision.rooms.clear();
    carry_out(std::move(pod), std::move(decision));
  }

  void carry_out(Consultation pod, Decision decision) {
    if (!decision.rooms.empty()) return consultations_.ask_about_rooms(std::move(pod), std::move(decision));
    const PodInfoPtr info = pod.queued.pod;
    Lane& lane = *pod.lane;
    metrics_.decided(decision, lane.name());
    if (!decision.node) {
      preemptions_.carry_out(info, lane.name(), decision);
      failures_.add(std::move(pod.queued), lane, {decision.code, decision.message, decision.refusers, decision.nominate}, pod.began);
      if (decision.outdated) queue_.reconsider(info->uid(), clock_.now());
      return;
    }
    const std::string node = decision.node->name().str();
    if (!table_.assume(info, node)) return;  // has a node already
    table_.nominations.withdraw(info->uid());
    bindings_.begin(std::move(pod.queued), lane, node, pod.began);
  }

  informer::Client& client_;
  Clock& clock_;
  const SchedulerOptions options_;
  const std::shared_ptr<net::Reactor> reactor_;  // of the extenders; nullptr without any
  Extenders extenders_;
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
  Consultations consultations_{extenders_, order_, inbox_};
  Bindings bindings_{client_, clock_, table_, extenders_, queue_, failures_, metrics_, inbox_};
  ClusterChanges changes_{clock_, table_, queue_, consultations_, bindings_, lanes_};
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
  PLUMB_TRY(check_extenders(options.extenders));
  const auto reactor = options.extenders.empty() ? nullptr : net::Reactor::start("extenders");
  Extenders extenders;
  for (const ExtenderOptions& one : options.extenders) {
    auto extender = Extender::make(one, reactor);
    if (!extender.ok()) {
      extenders.clear();
      reactor->stop();
      return std::move(extender).error();
    }
    extenders.push_back(std::move(*extender));
  }
  return std::unique_ptr<Scheduler>(new Scheduler(
      std::make_unique<Core>(client, informers, clock, std::move(options), std::move(profiles), reactor, std::move(extenders))));
}

Scheduler::Scheduler(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Scheduler::~Scheduler() = default;
void Scheduler::start() { core_->start(); }
void Scheduler::stop() { core_->stop(); }
std::size_t Scheduler::run_pending() { return core_->run_pending(); }
Scheduler::Counts Scheduler::counts() const { return core_->counts(); }

}  // namespace plumb::scheduler
