#include "harness/load/measure/autoscaling_workload.h"

#include <algorithm>
#include <cmath>

namespace plumb::harness {
namespace {

constexpr double tolerance = 0.1, rounding = 1e-6;
constexpr int samples_of_rest = 2;

double seconds(Duration length) { return std::chrono::duration<double>(length).count(); }
Duration length(double of_seconds) { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(of_seconds)); }

}  // namespace

double AutoscalingWorkload::target() const { return goal_.utilization > 0 ? goal_.utilization * requested_ : goal_.value; }

std::int64_t AutoscalingWorkload::needed(double cores) const {
  if (target() <= 0) return replicas_;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(cores / target() - rounding)), goal_.least, std::max(goal_.least, goal_.most));
}

double AutoscalingWorkload::load_at(Instant now) const {
  if (load_.over <= Duration::zero() || now >= load_.began + load_.over) return load_.to;
  return load_.from + (load_.to - load_.from) * std::max(0.0, seconds(now - load_.began) / seconds(load_.over));
}

// Whether so much use of all pods together asks for more replicas (or fewer) than there are.
bool AutoscalingWorkload::calls(double cores, bool up) const {
  if (target() <= 0 || replicas_ <= 0) return false;
  const double ratio = cores / (target() * static_cast<double>(replicas_));
  return up ? ratio > 1 + tolerance && replicas_ < goal_.most : ratio < 1 - tolerance && needed(cores) < replicas_;
}

std::int64_t AutoscalingWorkload::ready() const {
  return std::count_if(pods_.begin(), pods_.end(), [](const auto& pod) { return pod.second.ready; });
}

bool AutoscalingWorkload::calm(Instant now) const {
  if (!has_goal_ || !loaded_ || now < load_.began + load_.over) return false;
  const auto there = static_cast<std::int64_t>(pods_.size());
  return there == replicas_ && ready() == replicas_ && !calls(load_.to, true) && !calls(load_.to, false);
}

// Accounts for the time until now as things were.
void AutoscalingWorkload::settle(Instant now) {
  if (loaded_ && has_goal_ && now > accounted_) {
    const std::int64_t need = needed(load_at(now));
    const double passed = seconds(now - accounted_);
    account_.missing += static_cast<double>(std::max<std::int64_t>(0, need - ready())) * passed;
    account_.excess += static_cast<double>(std::max<std::int64_t>(0, replicas_ - need)) * passed;
  }
  accounted_ = std::max(accounted_, now);
}

// Draws the conclusions from what has just changed.
void AutoscalingWorkload::see(Instant now) {
  const bool is_calm = calm(now);
  if (is_calm && !calm_since_) {
    calm_since_ = now;
    for (auto& [name, pod] : pods_) pod.samples = 0;
  }
  if (!is_calm) calm_since_.reset();
  if (!reaction_) return;
  const std::int64_t need = needed(load_.to);
  if (reaction_->scaled && !reaction_->pods) {
    const bool done = reaction_->up ? ready() >= std::min(first_scale_, replicas_) : static_cast<std::int64_t>(pods_.size()) <= std::max(first_scale_, replicas_);
    if (done) reaction_->pods = now;
  }
  const std::int64_t beyond = reaction_->up ? replicas_ - std::max(need, before_) : std::min(need, before_) - replicas_;
  reaction_->beyond = std::max(reaction_->beyond, beyond);
}

void AutoscalingWorkload::scale(Instant now, std::int64_t replicas, double requested) {
  settle(now);
  const std::int64_t before = std::exchange(replicas_, replicas);
  requested_ = requested;
  if (before != 0 && replicas != before) {
    if (loaded_) ++account_.rescales;
    if (reaction_ && !reaction_->scaled && (replicas > before) == reaction_->up) {
      reaction_->scaled = now;
      first_scale_ = replicas;
      // It was there to be read before, though it was not seen.
      if (!reaction_->metric) reaction_->metric = now;
      if (!reaction_->known) reaction_->known = now;
    }
  }
  see(now);
}

void AutoscalingWorkload::goal(Instant now, const Goal& goal, std::optional<double> current) {
  settle(now);
  goal_ = goal;
  has_goal_ = true;
  current_ = current;
  if (reaction_ && current && current != current_before_ && !reaction_->known) {
    const double cores = (goal.utilization > 0 ? *current * requested_ : *current) * static_cast<double>(replicas_);
    if (calls(cores, reaction_->up)) {
      reaction_->known = now;
      if (!reaction_->metric) reaction_->metric = now;
    }
  }
  see(now);
}

void AutoscalingWorkload::pod(Instant now, const std::string& name, bool there, bool ready) {
  settle(now);
  if (there) pods_[name].ready = ready;
  else pods_.erase(name);
  see(now);
}

void AutoscalingWorkload::usage(Instant now, const std::map<std::string, Usage, std::less<>>& of_pods) {
  settle(now);
  double sum = 0;
  for (auto& [name, pod] : pods_) {
    const auto found = of_pods.find(name);
    if (found == of_pods.end()) continue;
    sum += found->second.cores;
    if (pod.sample == found->second.sample) continue;
    pod.sample = found->second.sample;
    ++pod.samples;
    sampled_ = true;
  }
  if (reaction_ && !reaction_->metric && sampled_ && calls(sum, reaction_->up)) reaction_->metric = now;
  see(now);
}

void AutoscalingWorkload::end_reaction(bool cut) {
  if (!reaction_) return;
  reaction_->cut = cut;
  if (calm_since_) reaction_->settled = calm_since_;
  account_.reactions.push_back(*reaction_);
  reaction_.reset();
}

void AutoscalingWorkload::load(const LoadChange& change) {
  settle(change.began);
  end_reaction(true);
  load_ = change;
  loaded_ = true;
  before_ = replicas_;
  current_before_ = current_;
  sampled_ = false;
  calm_since_.reset();
  const bool up = change.to > change.from;
  if (calls(change.to, up)) {
    Reaction& reaction = reaction_.emplace();
    reaction.up = up;
    reaction.reached = change.began + change.over;
    // Where the line from `from` to `to` crosses what calls for another count.
    const double line = (up ? 1 + tolerance : std::min(1 - tolerance, static_cast<double>(replicas_ - 1) / static_cast<double>(replicas_))) * target() * static_cast<double>(replicas_);
    const double share = std::clamp((line - change.from) / (change.to - change.from), 0.0, 1.0);
    reaction.called = change.began + length(share * seconds(change.over));
  }
  see(change.began);
}

bool AutoscalingWorkload::measured() const {
  return !pods_.empty() && std::all_of(pods_.begin(), pods_.end(), [](const auto& pod) { return pod.second.ready && !pod.second.sample.empty(); });
}

bool AutoscalingWorkload::settled() const {
  return calm_since_ && std::all_of(pods_.begin(), pods_.end(), [](const auto& pod) { return pod.second.samples >= samples_of_rest; });
}

AutoscalingWorkload::Account AutoscalingWorkload::account(Instant now) {
  settle(now);
  end_reaction(false);
  return std::exchange(account_, {});
}

}  // namespace plumb::harness
