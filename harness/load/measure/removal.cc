#include <algorithm>
#include <mutex>

#include "harness/load/measure/measurement.h"
#include "harness/load/measure/recorder.h"
#include "harness/load/measure/series.h"

namespace plumb::harness {
namespace {

class Removal final : public Measurement {
 public:
  std::string description() const override { return "objects gone a second, from the first that went to the last; {removal: object}"; }
  Status start(const MeasurementContext& context) override {
    if (!context.object) return fail(Code::invalid_argument, "removal measures the objects of one template: name it, as in {removal: configmap}");
    plural_ = context.object->where.plural;
    zero_ = context.began;
    changed_ = context.changed;
    recorder_ = PLUMB_TRY(Recorder::start(context.transport, context.clock, watch_path(context, context.object->where),
                                          [this](Instant arrived, std::string_view type, const simdjson::dom::element&) { record(arrived, type); }));
    return {};
  }
  std::optional<std::uint64_t> reached(std::string_view condition) const override {
    if (condition != "gone") return std::nullopt;
    std::lock_guard lock(mutex_);
    return gone_.size();
  }
  Status gather(ScenarioOutcome& outcome) override {
    PLUMB_TRY(recorder_->stop());
    std::lock_guard lock(mutex_);
    outcome.metrics.push_back(throughput("removal/" + plural_, gone_));
    outcome.series.push_back(rate_curve(plural_ + " gone", gone_, zero_));
    return {};
  }

 private:
  void record(Instant arrived, std::string_view type) {
    if (type != "DELETED") return;
    {
      std::lock_guard lock(mutex_);
      gone_.push_back(arrived);
    }
    changed_();
  }

  mutable std::mutex mutex_;
  std::vector<Instant> gone_;
  std::string plural_;
  Instant zero_{};
  std::function<void()> changed_;
  std::unique_ptr<Recorder> recorder_;  // last: it calls record()
};

const Registered<Measurement> registered_removal{"removal", [] { return std::make_unique<Removal>(); }};

}  // namespace
}  // namespace plumb::harness
