// When the pods of a namespace passed each stage, as their watch events told.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/load/measure/measurement.h"
#include "harness/load/measure/recorder.h"

namespace plumb::harness {

class PodTimes {
 public:
  // schedulable: no scheduling gate is left; unschedulable: the scheduler tried and said so.
  enum Stage { created, schedulable, unschedulable, scheduled, running, ready, gone };
  static constexpr std::size_t stages = 7;

  Status start(const MeasurementContext& context);
  Status stop() { return recorder_ ? recorder_->stop() : Status{}; }

  // How many pods have reached the stage, by "pods-created", "pods-scheduled", …; nullopt for other words.
  std::optional<std::uint64_t> reached(std::string_view condition) const;
  // Seconds from one stage to another of every pod that passed both, in the order in which they reached the later one; what never did
  // is counted.
  struct Durations {
    std::vector<double> seconds;
    std::uint64_t unfinished = 0;
  };
  Durations between(Stage from, Stage to) const;
  std::vector<Instant> moments(Stage stage) const;  // in order

 private:
  using Times = std::array<std::optional<Instant>, stages>;
  void record(Instant arrived, std::string_view type, const simdjson::dom::element& pod);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, Times> pods_;  // by uid
  std::array<std::uint64_t, stages> counts_{};
  std::function<void()> changed_;
  std::unique_ptr<Recorder> recorder_;  // last: it calls record()
};

}  // namespace plumb::harness
