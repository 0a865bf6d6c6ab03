// Pods about which extenders are asked.
//
// As upstream does, extenders are asked about one pod after the other: the next one's questions begin when it has been decided about the last.
// Pods that no extender is interested in are decided about meanwhile, so what an extender says is held against the node table again when it
// has come (Cycle::run). Filter verbs are asked in turn, each about the nodes that those before it have left; then all prioritize verbs at
// once, about more than one node. Where room is to be made, preempt verbs are asked in turn.
//
// An extender that fails is passed over when it is ignorable; otherwise the pod's try ends with an error. A failed prioritize verb gives no scores.
//
// Of the scheduling thread alone; answers come through the inbox. Not bounded: pods that wait here are pods of the cluster, each once.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/scheduler/advice.h"
#include "reference/scheduler/cycle.h"
#include "reference/scheduler/extender.h"
#include "reference/scheduler/inbox.h"
#include "reference/scheduler/lanes.h"
#include "reference/scheduler/queue.h"

namespace plumb::scheduler {

using Extenders = std::vector<std::shared_ptr<const Extender>>;

// A pod under consultation, and what has come of it.
struct Consultation {
  QueuedPod queued;
  Lane* lane = nullptr;
  Instant began;
  std::string error;  // "": none
  // Where the pod may go; or, when room is to be made for it, what had been decided before, with the rooms that are left.
  Advice advice;
  std::optional<Decision> decision = std::nullopt;
};

class Consultations {
 public:
  Consultations(const Extenders& extenders, const QueueSortPlugin& order, std::shared_ptr<Inbox> inbox)
      : extenders_(extenders), inbox_(std::move(inbox)), line_(Before{&order}) {}

  // An extender has a say in where the pod goes, or in who goes for it.
  bool concerns(const corev1::Pod& pod) const;
  bool concerns_preemption(const corev1::Pod& pod) const;

  // A pod of concern, whose try began then, waits for its turn. The line is in the order of the queue.
  void line_up(QueuedPod queued, Lane& lane, Instant began);
  // The pod whose turn it is, when nothing is asked at the moment.
  std::optional<Consultation> next();
  // Asks: about nodes (Decision::found), or about the rooms of a decision that was taken without extenders.
  void ask_about_nodes(Consultation pod, Decision search);
  void ask_about_rooms(Consultation pod, Decision decision);

  // A message of the inbox.
  void told(const Message& answer);
  // One that has ended.
  std::optional<Consultation> ended();

  // How the pod was seen last; false when it is not here.
  bool refresh(const std::shared_ptr<const corev1::Pod>& pod);
  void drop(std::string_view uid);
  std::size_t size() const { return line_.size() + (asked_ ? 1 : 0); }

 private:
  struct Place {
    QueueOrder order;
    std::uint64_t arrival;
  };
  struct Before {
    const QueueSortPlugin* order;
    bool operator()(const Place& a, const Place& b) const;
  };
  enum class Stage : std::uint8_t { filter, prioritize, preempt, over };

  bool is_at_work(const Extender& extender) const;
  void ask_next();
  void ask_for_scores();
  void filtered(const Extender& extender, const Result<ExtenderFilterResult>& answer);
  void scored(const Extender& extender, const Result<HostPriorities>& answer);
  void roomed(const Extender& extender, const Result<MetaVictims>& answer);
  Result<std::vector<Room>> left_of(const Extender& extender, const MetaVictims& answer) const;
  // True when the try goes on without the extender.
  bool passed_over(const Extender& extender, const Error& error);
  template <class T>
  std::function<void(Result<T>)> to_inbox(std::size_t extender) const;

  const Extenders& extenders_;
  const std::shared_ptr<Inbox> inbox_;
  std::map<Place, Consultation, Before> line_;
  StringMap<Place> places_;  // in the line, by UID
  std::uint64_t arrivals_ = 0;

  // Of the pod that is asked about.
  std::optional<Consultation> asked_;
  Stage stage_ = Stage::over;
  Extender::Nodes nodes_;
  std::size_t next_ = 0;         // extender to ask
  std::size_t outstanding_ = 0;  // answers with scores
  std::uint64_t question_ = 0;   // answers to earlier ones are too late
};

}  // namespace plumb::scheduler
