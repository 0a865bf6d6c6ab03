#include <algorithm>
#include <mutex>

#include "harness/load/measure/measurement.h"
#include "harness/load/measure/node_failure_tracker.h"
#include "harness/load/measure/recorder.h"
#include "harness/load/measure/series.h"

namespace plumb::harness {
namespace {

class NodeFailure final : public Measurement {
 public:
  std::string description() const override {
    return "for each phase in which a node with pods of the run fails, how long until that is noticed, its pods are evicted and others are ready elsewhere";
  }
  Status start(const MeasurementContext& context) override {
    clock_ = &context.clock;
    changed_ = context.changed;
    const auto follow = [&](const std::string& path, void (NodeFailureTracker::*take)(Instant, std::string_view, const simdjson::dom::element&)) {
      return Recorder::start(context.transport, context.clock, path, [this, take](Instant arrived, std::string_view type, const simdjson::dom::element& object) {
        {
          std::lock_guard lock(mutex_);
          (tracker_.*take)(arrived, type, object);
        }
        changed_();
      });
    };
    nodes_ = PLUMB_TRY(follow("/api/v1/nodes", &NodeFailureTracker::node));
    pods_ = PLUMB_TRY(follow(client::Resource{"v1", "pods", context.space}.path(), &NodeFailureTracker::pod));
    return {};
  }
  void phase_begins(const std::string& phase) override {
    std::lock_guard lock(mutex_);
    finish_phase();
    phase_ = phase;
    tracker_.begin_phase(clock_->now());
  }
  std::optional<std::uint64_t> reached(std::string_view condition) const override {
    std::lock_guard lock(mutex_);
    if (condition == "nodes-failed") return tracker_.failed().empty() ? 0 : 1;
    if (condition == "pods-safe") return tracker_.safe();
    return std::nullopt;
  }
  Status gather(ScenarioOutcome& outcome) override {
    PLUMB_TRY(nodes_->stop());
    PLUMB_TRY(pods_->stop());
    std::lock_guard lock(mutex_);
    finish_phase();
    for (Metric& metric : metrics_) outcome.metrics.push_back(std::move(metric));
    for (Distribution& distribution : distributions_) outcome.distributions.push_back(std::move(distribution));
    return {};
  }

 private:
  void finish_phase() {
    if (tracker_.failed().empty()) return;
    const auto keep = [&](const char* name, std::optional<double> seconds) {
      if (seconds) metrics_.push_back({phase_ + "/" + name, "s", Better::lower, *seconds, {}});
    };
    keep("noticed", tracker_.noticed());
    keep("tainted", tracker_.tainted());
    keep_all("evicted", tracker_.evicted());
    keep_all("replaced", tracker_.replaced());
  }
  void keep_all(const char* name, const std::vector<double>& seconds) {
    for (Metric& metric : metrics_of(phase_ + "/" + name, seconds)) metrics_.push_back(std::move(metric));
    distributions_.push_back(distribution_of(phase_ + ": failed to " + name, seconds, tracker_.victims() - std::min(tracker_.victims(), seconds.size())));
  }

  mutable std::mutex mutex_;
  NodeFailureTracker tracker_;
  std::string phase_;
  std::vector<Metric> metrics_;
  std::vector<Distribution> distributions_;
  Clock* clock_ = nullptr;
  std::function<void()> changed_;
  std::unique_ptr<Recorder> nodes_, pods_;  // last: they call the tracker
};

const Registered<Measurement> registered_node_failure{"node-failure", [] { return std::make_unique<NodeFailure>(); }};

}  // namespace
}  // namespace plumb::harness
