#include <mutex>

#include "harness/load/measure/availability_tracker.h"
#include "harness/load/measure/measurement.h"
#include "harness/load/measure/recorder.h"

namespace plumb::harness {
namespace {

class Availability final : public Measurement {
 public:
  std::string description() const override {
    return "for each phase, replica-seconds in which fewer pods of Deployments were available than their rolling update promises; {availability: deployment}";
  }
  Status start(const MeasurementContext& context) override {
    if (!context.object || context.object->kind != "Deployment") {
      return fail(Code::invalid_argument, "availability measures the Deployments of one template: name it, as in {availability: deployment}");
    }
    clock_ = &context.clock;
    const auto follow = [&](const std::string& path, void (AvailabilityTracker::*take)(Instant, std::string_view, const simdjson::dom::element&)) {
      return Recorder::start(context.transport, context.clock, path, [this, take](Instant arrived, std::string_view type, const simdjson::dom::element& object) {
        std::lock_guard lock(mutex_);
        (tracker_.*take)(arrived, type, object);
      });
    };
    deployments_ = PLUMB_TRY(follow(watch_path(context, context.object->where), &AvailabilityTracker::deployment));
    pods_ = PLUMB_TRY(follow(client::Resource{"v1", "pods", context.object->where.space}.path(), &AvailabilityTracker::pod));
    return {};
  }
  void phase_begins(const std::string& phase) override {
    std::lock_guard lock(mutex_);
    finish_phase();
    phase_ = phase;
  }
  Status gather(ScenarioOutcome& outcome) override {
    PLUMB_TRY(deployments_->stop());
    PLUMB_TRY(pods_->stop());
    std::lock_guard lock(mutex_);
    finish_phase();
    for (Metric& metric : metrics_) outcome.metrics.push_back(std::move(metric));
    return {};
  }

 private:
  void finish_phase() {
    const auto account = tracker_.account(clock_->now());
    if (phase_.empty()) return;
    metrics_.push_back({phase_ + "/unavailable", "s", Better::lower, account.missing, {}});
    metrics_.push_back({phase_ + "/below the promise", "s", Better::lower, account.below, {}});
    metrics_.push_back({phase_ + "/least available share", "1", Better::higher, account.least, {}});
  }

  std::mutex mutex_;
  AvailabilityTracker tracker_;
  std::string phase_;
  std::vector<Metric> metrics_;
  Clock* clock_ = nullptr;
  std::unique_ptr<Recorder> deployments_, pods_;  // last: they call the tracker
};

const Registered<Measurement> registered_availability{"availability", [] { return std::make_unique<Availability>(); }};

}  // namespace
}  // namespace plumb::harness
