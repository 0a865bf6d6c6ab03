#include "reference/scheduler/framework.h"
#include "reference/scheduler/pod_info.h"

namespace plumb::scheduler {
namespace {

// Is anybody still holding the pod back?
class SchedulingGates final : public Plugin, public PreEnqueuePlugin {
 public:
  Traits traits() const override { return {.name = "SchedulingGates", .order = 10}; }
  Verdict pre_enqueue(const PodInfo& pod) const override {
    if (pod.pod->spec.schedulingGates.empty()) return {};
    std::string names;
    for (const corev1::PodSchedulingGate& gate : pod.pod->spec.schedulingGates) names += (names.empty() ? "" : " ") + gate.name.str();
    return {Code::unschedulable_and_unresolvable, "waiting for scheduling gates: [" + names + "]"};
  }
};

const Registered<Plugin> registered_scheduling_gates{"SchedulingGates", [] { return std::make_unique<SchedulingGates>(); }};

}  // namespace
}  // namespace plumb::scheduler
