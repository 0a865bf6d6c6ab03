#include "reference/scheduler/consultations.h"

#include <algorithm>

#include "harness/base/log.h"
#include "reference/informer/client.h"

namespace plumb::scheduler {

namespace {

constexpr std::int64_t max_extender_priority = 10;
// Extenders may say anything; sums must not overflow.
constexpr std::int64_t most_sane_score = 1'000'000'000;

}  // namespace

bool Consultations::Before::operator()(const Place& a, const Place& b) const {
  if (order->less(a.order, b.order)) return true;
  if (order->less(b.order, a.order)) return false;
  return a.arrival < b.arrival;
}

bool Consultations::concerns(const corev1::Pod& pod) const {
  return std::any_of(extenders_.begin(), extenders_.end(),
                     [&](const auto& one) { return (one->filters() || one->prioritizes() || one->preempts()) && one->is_interested(pod); });
}

bool Consultations::concerns_preemption(const corev1::Pod& pod) const {
  return std::any_of(extenders_.begin(), extenders_.end(), [&](const auto& one) { return one->preempts() && one->is_interested(pod); });
}

void Consultations::line_up(QueuedPod queued, Lane& lane, Instant began) {
  const Place place{{queued.pod->priority, queued.since}, ++arrivals_};
  places_[std::string(queued.pod->uid())] = place;
  line_.emplace(place, Consultation{std::move(queued), &lane, began, {}, {}});
}

std::optional<Consultation> Consultations::next() {
  if (asked_ || line_.empty()) return std::nullopt;
  Consultation first = std::move(line_.extract(line_.begin()).mapped());
  places_.erase(places_.find(first.queued.pod->uid()));
  return first;
}

bool Consultations::is_at_work(const Extender& extender) const {
  return (stage_ == Stage::filter ? extender.filters() : extender.preempts()) && extender.is_interested(*asked_->queued.pod->pod);
}

void Consultations::ask_about_nodes(Consultation pod, Decision search) {
  asked_ = std::move(pod);
  asked_->advice = Advice();
  asked_->advice.filtered = std::move(search.filtered);
  asked_->advice.asked_at = search.asked_at;
  nodes_ = std::move(search.found);
  stage_ = Stage::filter;
  next_ = 0;
  ask_next();
}

void Consultations::ask_about_rooms(Consultation pod, Decision decision) {
  asked_ = std::move(pod);
  asked_->decision = std::move(decision);
  stage_ = Stage::preempt;
  next_ = 0;
  ask_next();
}

template <class T>
std::function<void(Result<T>)> Consultations::to_inbox(std::size_t extender) const {
  return [inbox = inbox_, question = question_, extender](Result<T> answer) {
    auto said = std::make_shared<const ExtenderAnswer>(ExtenderAnswer{question, extender, std::move(answer)});
    inbox->put({.about = Message::About::consultation, .extender = std::move(said)});
  };
}

// The next extender whose verb is to be asked, or the end of the stage.
void Consultations::ask_next() {
  const bool nothing_left = stage_ == Stage::filter ? nodes_.empty() : asked_->decision->rooms.empty();
  while (next_ < extenders_.size() && !is_at_work(*extenders_[next_])) ++next_;
  const auto& pod = asked_->queued.pod->pod;
  if (next_ < extenders_.size() && !nothing_left) {
    ++question_;
    const Extender& extender = *extenders_[next_];
    if (stage_ == Stage::filter) extender.filter(pod, nodes_, to_inbox<ExtenderFilterResult>(next_));
    else extender.preempt(pod, asked_->decision->rooms, to_inbox<MetaVictims>(next_));
    return;
  }
  if (stage_ == Stage::preempt) {
    stage_ = Stage::over;
    return;
  }
  for (const auto& node : nodes_) asked_->advice.allowed.insert(node->metadata.name.str());
  ask_for_scores();
}

void Consultations::ask_for_scores() {
  stage_ = Stage::over;
  if (nodes_.size() < 2) return;
  ++question_;
  outstanding_ = 0;
  for (std::size_t i = 0; i < extenders_.size(); ++i) {
    const Extender& extender = *extenders_[i];
    if (!extender.prioritizes() || !extender.is_interested(*asked_->queued.pod->pod)) continue;
    ++outstanding_;
    stage_ = Stage::prioritize;
    extender.prioritize(asked_->queued.pod->pod, nodes_, to_inbox<HostPriorities>(i));
  }
}

void Consultations::told(const Message& message) {
  const ExtenderAnswer& answer = *message.extender;
  if (!asked_ || answer.question != question_ || stage_ == Stage::over) return;
  const Extender& extender = *extenders_[answer.extender];
  if (const auto* nodes = std::get_if<Result<ExtenderFilterResult>>(&answer.said)) filtered(extender, *nodes);
  else if (const auto* scores = std::get_if<Result<HostPriorities>>(&answer.said)) scored(extender, *scores);
  else roomed(extender, std::get<Result<MetaVictims>>(answer.said));
}

bool Consultations::passed_over(const Extender& extender, const Error& error) {
  if (extender.options().ignorable) {
    log::warning("scheduler", "pod " + informer::object_key(*asked_->queued.pod->pod) + " goes on without an ignorable extender: " + error.message);
    return true;
  }
  asked_->error = error.message;
  stage_ = Stage::over;
  return false;
}

void Consultations::filtered(const Extender& extender, const Result<ExtenderFilterResult>& answer) {
  if (!answer.ok()) {
    if (!passed_over(extender, answer.error())) return;
  } else {
    auto& refused = asked_->advice.refused;
    for (const auto& [node, reason] : answer->failed) refused[node] = {Code::unschedulable, reason};
    for (const auto& [node, reason] : answer->failed_and_unresolvable) refused[node] = {Code::unschedulable_and_unresolvable, reason};
    const std::set<std::string_view> left(answer->nodes.begin(), answer->nodes.end());
    std::erase_if(nodes_, [&](const auto& node) { return !left.contains(node->metadata.name.view()); });
  }
  ++next_;
  ask_next();
}

void Consultations::scored(const Extender& extender, const Result<HostPriorities>& answer) {
  if (!answer.ok()) {
    log::warning("scheduler", "pod " + informer::object_key(*asked_->queued.pod->pod) + " gets no scores of an extender: " + answer.error().message);
  } else {
    for (const auto& [node, score] : *answer) {
      const std::int64_t sane = std::clamp(score, -most_sane_score, most_sane_score);
      asked_->advice.scores[node] += sane * extender.options().weight * (max_score / max_extender_priority);
    }
  }
  if (--outstanding_ == 0) stage_ = Stage::over;
}

// The rooms that an extender leaves, with the victims that it names.
Result<std::vector<Room>> Consultations::left_of(const Extender& extender, const MetaVictims& answer) const {
  std::vector<Room> left;
  for (const auto& [node, victims] : answer) {
    const auto& rooms = asked_->decision->rooms;
    const auto room = std::find_if(rooms.begin(), rooms.end(), [&, name = std::string_view(node)](const Room& one) { return one.node == name; });
    if (room == rooms.end()) return fail(plumb::Code::internal, "extender " + extender.name() + " names node " + node + ", which it was not asked about");
    Room kept{node, {}, static_cast<std::size_t>(std::max<std::int64_t>(victims.budgets_violated, 0))};
    for (const std::string& uid : victims.uids) {
      const auto victim = std::find_if(room->on_node.begin(), room->on_node.end(), [&](const PodInfoPtr& pod) { return pod->uid() == uid; });
      if (victim == room->on_node.end())
        return fail(plumb::Code::internal, "extender " + extender.name() + " wants the pod of UID " + uid + " to go, which is not on node " + node);
      kept.victims.push_back(*victim);
    }
    kept.on_node = room->on_node;
    if (!kept.victims.empty()) left.push_back(std::move(kept));
    else if (!extender.options().ignorable) return fail(plumb::Code::internal, "expected at least one victim pod on node \"" + node + "\"");
  }
  return left;
}

void Consultations::roomed(const Extender& extender, const Result<MetaVictims>& answer) {
  if (!answer.ok()) {
    if (!passed_over(extender, answer.error())) return;
  } else {
    auto left = left_of(extender, *answer);
    if (left.ok()) asked_->decision->rooms = std::move(*left);
    else if (!passed_over(extender, left.error())) return;
  }
  ++next_;
  ask_next();
}

std::optional<Consultation> Consultations::ended() {
  if (!asked_ || stage_ != Stage::over) return std::nullopt;
  std::optional<Consultation> over = std::move(asked_);
  asked_.reset();
  nodes_.clear();
  return over;
}

bool Consultations::refresh(const std::shared_ptr<const corev1::Pod>& pod) {
  const std::string_view uid = pod->metadata.uid;
  const auto place = places_.find(uid);
  Consultation* here = place != places_.end()                             ? &line_.at(place->second)
                       : asked_ && asked_->queued.pod->uid() == uid ? &*asked_
                                                                          : nullptr;
  if (here) here->queued.pod = std::make_shared<PodInfo>(pod);
  return here;
}

void Consultations::drop(std::string_view uid) {
  if (const auto place = places_.find(uid); place != places_.end()) {
    line_.erase(place->second);
    places_.erase(place);
  }
  if (!asked_ || asked_->queued.pod->uid() != uid) return;
  asked_.reset();
  nodes_.clear();
  ++question_;
}

}  // namespace plumb::scheduler
