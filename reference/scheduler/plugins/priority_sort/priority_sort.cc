#include "reference/scheduler/framework.h"

namespace plumb::scheduler {
namespace {

// Higher priority first; among equals who waits longer.
class PrioritySort final : public Plugin, public QueueSortPlugin {
 public:
  Traits traits() const override { return {.name = "PrioritySort", .order = 20}; }
  bool less(const QueueOrder& a, const QueueOrder& b) const override {
    return a.priority != b.priority ? a.priority > b.priority : a.since < b.since;
  }
};

const Registered<Plugin> registered_priority_sort{"PrioritySort", [] { return std::make_unique<PrioritySort>(); }};

}  // namespace
}  // namespace plumb::scheduler
