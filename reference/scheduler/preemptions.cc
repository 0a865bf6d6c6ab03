#include "reference/scheduler/preemptions.h"

#include "harness/base/log.h"
#include "reference/scheduler/pod_status.h"

namespace plumb::scheduler {

void Preemptions::carry_out(const PodInfoPtr& pod, std::string_view scheduler_name, const Decision& decision) {
  if (!decision.nominate) return;
  if (decision.nominate->empty()) return nominations_.withdraw(pod->uid());
  const std::string& node = *decision.nominate;
  give_up_nominations(node, *pod);
  nominations_.set(pod, node);
  for (const PodInfoPtr& victim : decision.victims) {
    if (victim->pod->metadata.deletionTimestamp) continue;
    ++untold_[std::string(pod->uid())];
    preempt(client_, victim->pod, scheduler_name, clock_.wall(), [inbox = inbox_, pod = pod->pod, victim = victim->pod, node](Status answer) {
      inbox->put({.about = Message::About::preemption, .victim = victim, .preemptor = pod, .node = node, .answer = std::move(answer)});
    });
  }
}

// Pods of lower priority may not find the room there that they wait for.
void Preemptions::give_up_nominations(const std::string& node, const PodInfo& pod) {
  const std::vector<PodInfoPtr> there = nominations_.on(node);
  for (const PodInfoPtr& other : there) {
    if (other->priority >= pod.priority) continue;
    nominations_.withdraw(other->uid());
    show_no_nomination(client_, *other->pod);
    queue_.reconsider(other->uid(), clock_.now());
  }
}

void Preemptions::told(const Message& message, informer::EventRecorder& recorder) {
  const corev1::Pod &victim = *message.victim, &preemptor = *message.preemptor;
  const std::string_view uid = preemptor.metadata.uid;
  if (message.answer.ok())
    recorder.record(victim, informer::event_normal, "Preempted", "Preempted by pod " + std::string(uid) + " on node " + message.node);
  else
    log::warning("scheduler", "preempt pod " + informer::object_key(victim) + " for " + informer::object_key(preemptor) + ": " +
                                  message.answer.error().message);
  const auto found = untold_.find(uid);
  if (--found->second != 0) return;
  untold_.erase(found);
  if (!message.answer.ok() || queue_.place_of(uid) == SchedulingQueue::Place::gated) queue_.reconsider(uid, clock_.now());
}

}  // namespace plumb::scheduler
