#include "harness/load/measure/pod_times.h"
#include "harness/load/measure/series.h"

namespace plumb::harness {
namespace {

class Scheduling final : public Measurement {
 public:
  std::string description() const override { return "pods bound a second, from the first binding to the last, beside the pods offered, and how long each waited since nothing gated it"; }
  Status start(const MeasurementContext& context) override {
    zero_ = context.began;
    return pods_.start(context);
  }
  std::optional<std::uint64_t> reached(std::string_view condition) const override { return pods_.reached(condition); }
  Status gather(ScenarioOutcome& outcome) override {
    PLUMB_TRY(pods_.stop());
    const auto offered = pods_.moments(PodTimes::schedulable), bound = pods_.moments(PodTimes::scheduled);
    const auto waited = pods_.between(PodTimes::schedulable, PodTimes::scheduled);
    outcome.metrics.push_back(throughput("scheduling/throughput", bound));
    outcome.metrics.push_back(throughput("scheduling/offered", offered));
    for (Metric& metric : metrics_of("scheduling/created to scheduled", waited.seconds)) outcome.metrics.push_back(std::move(metric));
    outcome.distributions.push_back(distribution_of("created to scheduled", waited.seconds, waited.unfinished));
    outcome.series.push_back(rate_curve("pods offered", offered, zero_));
    outcome.series.push_back(rate_curve("pods bound", bound, zero_));
    return {};
  }

 private:
  PodTimes pods_;
  Instant zero_{};
};

const Registered<Measurement> registered_scheduling{"scheduling", [] { return std::make_unique<Scheduling>(); }};

}  // namespace
}  // namespace plumb::harness
