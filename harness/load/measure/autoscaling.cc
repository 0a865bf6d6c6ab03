#include <algorithm>
#include <mutex>
#include <numeric>

#include "harness/load/measure/autoscaling_tracker.h"
#include "harness/load/measure/measurement.h"
#include "harness/load/measure/recorder.h"
#include "harness/load/measure/series.h"
#include "harness/load/measure/usage_poller.h"

namespace plumb::harness {
namespace {

double seconds(Duration length) { return std::max(0.0, std::chrono::duration<double>(length).count()); }

// A part of the way from the change of the load to pods that fit it. `until` is missing where it did not get there.
struct Stage {
  const char* name;
  std::optional<Instant> (*from)(const Reaction&);
  std::optional<Instant> (*until)(const Reaction&);
};
constexpr Stage stages[] = {
    {"metric age", [](const Reaction& r) { return std::optional(r.called); }, [](const Reaction& r) { return r.metric; }},
    {"sync wait", [](const Reaction& r) { return r.metric; }, [](const Reaction& r) { return r.known; }},
    {"decision", [](const Reaction& r) { return r.known; }, [](const Reaction& r) { return r.scaled; }},
    {"reaction", [](const Reaction& r) { return r.metric; }, [](const Reaction& r) { return r.scaled; }},
    {"pods", [](const Reaction& r) { return r.scaled; }, [](const Reaction& r) { return r.pods; }},
    {"total", [](const Reaction& r) { return std::optional(r.called); }, [](const Reaction& r) { return r.pods; }},
    {"settled", [](const Reaction& r) { return std::optional(r.reached); }, [](const Reaction& r) { return r.settled; }},
};

class Autoscaling final : public Measurement {
 public:
  std::string description() const override {
    return "for each phase, how the autoscalers of the workloads followed the load that the scenario changes, step by step; {autoscaling: deployment}";
  }
  Status start(const MeasurementContext& context) override {
    if (!context.object) return fail(Code::invalid_argument, "autoscaling measures the workloads of one template: name it, as in {autoscaling: deployment}");
    const auto served = context.client.raw("GET", "/apis/metrics.k8s.io/v1beta1");
    if (!served.ok()) return served.error().in("looking for metrics.k8s.io");
    if (served->status != 200) return fail(Code::unsupported, "metrics.k8s.io, which tells what pods use: the API server answers " + std::to_string(served->status) + "; install metrics-server");
    clock_ = &context.clock;
    changed_ = context.changed;
    const std::string& space = context.object->where.space;
    const auto follow = [&](const std::string& path, void (AutoscalingTracker::*take)(Instant, std::string_view, const simdjson::dom::element&)) {
      return Recorder::start(context.transport, context.clock, path, [this, take](Instant arrived, std::string_view type, const simdjson::dom::element& object) {
        {
          std::lock_guard lock(mutex_);
          (tracker_.*take)(arrived, type, object);
        }
        changed_();
      });
    };
    workloads_ = PLUMB_TRY(follow(watch_path(context, context.object->where), &AutoscalingTracker::workload));
    autoscalers_ = PLUMB_TRY(follow(client::Resource{"autoscaling/v2", "horizontalpodautoscalers", space}.path(), &AutoscalingTracker::autoscaler));
    pods_ = PLUMB_TRY(follow(client::Resource{"v1", "pods", space}.path(), &AutoscalingTracker::pod));
    usage_ = std::make_unique<UsagePoller>(context.transport, context.clock, space, [this](Instant arrived, const simdjson::dom::element& list) {
      {
        std::lock_guard lock(mutex_);
        tracker_.metrics(arrived, list);
      }
      changed_();
    });
    return {};
  }
  void phase_begins(const std::string& phase) override {
    std::lock_guard lock(mutex_);
    finish_phase();
    phase_ = phase;
  }
  void load_changes(const LoadChange& change) override {
    std::lock_guard lock(mutex_);
    tracker_.load(change);
  }
  std::optional<std::uint64_t> reached(std::string_view condition) const override {
    std::lock_guard lock(mutex_);
    if (condition == "usage-measured") return tracker_.measured();
    if (condition == "settled") return tracker_.settled();
    return std::nullopt;
  }
  Status gather(ScenarioOutcome& outcome) override {
    usage_.reset();
    for (const auto* recorder : {&workloads_, &autoscalers_, &pods_}) PLUMB_TRY((*recorder)->stop());
    std::lock_guard lock(mutex_);
    finish_phase();
    if (!reactions_.empty()) metrics_.push_back({"reaction/mean", "s", Better::lower, std::accumulate(reactions_.begin(), reactions_.end(), 0.0) / static_cast<double>(reactions_.size()), reactions_});
    for (Metric& metric : metrics_) outcome.metrics.push_back(std::move(metric));
    for (Distribution& distribution : distributions_) outcome.distributions.push_back(std::move(distribution));
    return {};
  }

 private:
  // With the lock held.
  void finish_phase() {
    const auto account = tracker_.account(clock_->now());
    if (phase_.empty()) return;
    for (const bool up : {true, false}) {
      std::vector<Reaction> some;
      std::copy_if(account.reactions.begin(), account.reactions.end(), std::back_inserter(some), [&](const Reaction& reaction) { return reaction.up == up; });
      // More pods are the rule; fewer have names of their own, since their times are mostly the window that waits for better days.
      if (!some.empty()) keep(phase_ + (up ? "/" : "/down/"), some);
    }
    metrics_.push_back({phase_ + "/pods missing", "s", Better::lower, account.missing, {}});
    metrics_.push_back({phase_ + "/replicas in excess", "s", Better::lower, account.excess, {}});
    metrics_.push_back({phase_ + "/rescales", "1", Better::lower, static_cast<double>(account.rescales), {}});
  }
  void keep(const std::string& prefix, const std::vector<Reaction>& reactions) {
    for (const Stage& stage : stages) {
      std::vector<double> values;
      std::size_t expected = 0;
      for (const Reaction& reaction : reactions) {
        // A load that has gone again is not settled for.
        if (std::string_view(stage.name) == "settled" && reaction.cut) continue;
        ++expected;
        const auto from = stage.from(reaction), until = stage.until(reaction);
        if (from && until) values.push_back(seconds(*until - *from));
      }
      distributions_.push_back(distribution_of(prefix + stage.name, values, expected - values.size()));
      for (Metric& metric : metrics_of(prefix + stage.name, values)) metrics_.push_back(std::move(metric));
      if (std::string_view(stage.name) == "reaction" && reactions.front().up) reactions_.insert(reactions_.end(), values.begin(), values.end());
    }
    std::int64_t most = 0;
    for (const Reaction& reaction : reactions) most = std::max(most, reaction.beyond);
    metrics_.push_back({prefix + (reactions.front().up ? "overshoot" : "undershoot"), "1", Better::lower, static_cast<double>(most), {}});
  }

  mutable std::mutex mutex_;
  AutoscalingTracker tracker_;
  std::string phase_;
  std::vector<Metric> metrics_;
  std::vector<Distribution> distributions_;
  std::vector<double> reactions_;  // of all phases, to more load
  Clock* clock_ = nullptr;
  std::function<void()> changed_;
  std::unique_ptr<Recorder> workloads_, autoscalers_, pods_;  // these call the tracker
  std::unique_ptr<UsagePoller> usage_;                        // last, too
};

const Registered<Measurement> registered_autoscaling{"autoscaling", [] { return std::make_unique<Autoscaling>(); }};

}  // namespace
}  // namespace plumb::harness
