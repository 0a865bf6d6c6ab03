// The scheduler's metrics, under upstream's names: the one place that knows them.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/clock.h"
#include "reference/scheduler/cycle.h"
#include "reference/scheduler/queue.h"

namespace plumb::scheduler {

// How a try ended: "scheduled", "unschedulable", "error".
enum class TryResult : std::uint8_t { scheduled, unschedulable, error };

// Safe from any thread.
class SchedulerMetrics {
 public:
  SchedulerMetrics();
  ~SchedulerMetrics();
  void tried(TryResult result, std::string_view profile, Duration took);
  void decided(const Decision& decision, std::string_view profile);
  void bound(std::string_view profile, Duration took, bool ok);
  void scheduled(int attempts, Duration since_first);
  void pending(const SchedulingQueue& queue);
  void incoming(SchedulingQueue::Place place, std::string_view event);

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace plumb::scheduler
