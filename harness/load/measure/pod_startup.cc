#include "harness/load/measure/pod_times.h"
#include "harness/load/measure/series.h"

namespace plumb::harness {
namespace {

class PodStartup final : public Measurement {
 public:
  std::string description() const override { return "each pod's way from created over scheduled and running to ready, as a watcher sees it"; }
  Status start(const MeasurementContext& context) override {
    if (context.object) whose_ = context.object->name + " ";
    return pods_.start(context);
  }
  std::optional<std::uint64_t> reached(std::string_view condition) const override { return pods_.reached(condition); }
  Status gather(ScenarioOutcome& outcome) override {
    PLUMB_TRY(pods_.stop());
    const struct {
      const char* name;
      PodTimes::Stage from, to;
    } ways[] = {{"created to scheduled", PodTimes::created, PodTimes::scheduled},
                {"scheduled to running", PodTimes::scheduled, PodTimes::running},
                {"running to ready", PodTimes::running, PodTimes::ready},
                {"created to ready", PodTimes::created, PodTimes::ready}};
    for (const auto& way : ways) {
      const auto taken = pods_.between(way.from, way.to);
      if (taken.seconds.empty()) continue;  // a cluster whose nodes start nothing
      for (Metric& metric : metrics_of(whose_ + "pod startup/" + way.name, taken.seconds)) outcome.metrics.push_back(std::move(metric));
      outcome.distributions.push_back(distribution_of(whose_ + "pod " + way.name, taken.seconds, taken.unfinished));
    }
    return {};
  }

 private:
  PodTimes pods_;
  std::string whose_;
};

const Registered<Measurement> registered_pod_startup{"pod-startup", [] { return std::make_unique<PodStartup>(); }};

}  // namespace
}  // namespace plumb::harness
