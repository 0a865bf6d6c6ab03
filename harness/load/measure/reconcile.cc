#include <algorithm>
#include <mutex>

#include "harness/load/measure/measurement.h"
#include "harness/load/measure/reconcile_tracker.h"
#include "harness/load/measure/recorder.h"
#include "harness/load/measure/series.h"

namespace plumb::harness {
namespace {

class Reconcile final : public Measurement {
 public:
  std::string description() const override {
    return "for each phase, how long after an object changed its controller observed that, first acted, and had all as the object says; {reconcile: object}";
  }

  Status start(const MeasurementContext& context) override {
    if (!context.object) return fail(Code::invalid_argument, "reconcile measures the objects of one template: name it, as in {reconcile: deployment}");
    changed_ = context.changed;
    const ReconcileRule* rule = PLUMB_TRY(reconcile_rule(context.object->kind));
    tracker_.emplace(*rule);
    const auto follow = [&](const std::string& path, void (ReconcileTracker::*take)(Instant, std::string_view, const ObjectReader&)) {
      return Recorder::start(context.transport, context.clock, path, [this, take](Instant arrived, std::string_view type, const simdjson::dom::element& object) {
        {
          std::lock_guard lock(mutex_);
          ((*tracker_).*take)(arrived, type, ObjectReader(object));
        }
        changed_();
      });
    };
    for (const std::string collection : rule->dependents) {
      const auto slash = collection.rfind('/');
      const client::Resource where{collection.substr(0, slash), collection.substr(slash + 1), rule->in_namespace ? "" : context.object->where.space};
      recorders_.push_back(PLUMB_TRY(follow(where.path(), &ReconcileTracker::dependent)));
    }
    recorders_.push_back(PLUMB_TRY(follow(watch_path(context, context.object->where), &ReconcileTracker::object)));
    return {};
  }

  void phase_begins(const std::string& phase) override {
    std::lock_guard lock(mutex_);
    finish_phase();
    phase_ = phase;
    tracker_->begin_phase();
  }

  std::optional<std::uint64_t> reached(std::string_view condition) const override {
    std::lock_guard lock(mutex_);
    if (condition == "gone") return tracker_ ? tracker_->gone() : 0;
    const auto& names = ReconcileTracker::stage_names;
    const auto found = std::find(names.begin(), names.end(), condition);
    if (found == names.end()) return std::nullopt;
    return tracker_ ? tracker_->count(static_cast<ReconcileTracker::Stage>(found - names.begin())) : 0;
  }

  Status gather(ScenarioOutcome& outcome) override {
    for (const auto& recorder : recorders_) PLUMB_TRY(recorder->stop());
    std::lock_guard lock(mutex_);
    finish_phase();
    for (auto& metric : metrics_) outcome.metrics.push_back(std::move(metric));
    for (auto& distribution : distributions_) outcome.distributions.push_back(std::move(distribution));
    return {};
  }

 private:
  // With the lock held: turns what the ending phase saw into numbers.
  void finish_phase() {
    for (const auto stage : {ReconcileTracker::observed, ReconcileTracker::acted, ReconcileTracker::converged}) {
      const auto taken = tracker_->taken(stage);
      if (taken.seconds.empty()) continue;
      const std::string name = ReconcileTracker::stage_names[stage];
      for (Metric& metric : metrics_of(phase_ + "/" + name, taken.seconds)) metrics_.push_back(std::move(metric));
      distributions_.push_back(distribution_of(phase_ + ": applied to " + name, taken.seconds, taken.unfinished));
    }
  }

  mutable std::mutex mutex_;
  std::string phase_;
  std::optional<ReconcileTracker> tracker_;
  std::vector<Metric> metrics_;
  std::vector<Distribution> distributions_;
  std::function<void()> changed_;
  std::vector<std::unique_ptr<Recorder>> recorders_;  // last: they call the tracker
};

const Registered<Measurement> registered_reconcile{"reconcile", [] { return std::make_unique<Reconcile>(); }};

}  // namespace
}  // namespace plumb::harness
