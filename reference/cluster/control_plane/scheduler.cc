// The scheduler as a component of the control plane.
#include "reference/cluster/control_plane/component.h"
#include "reference/scheduler/scheduler.h"

namespace plumb::cluster {
namespace {

class SchedulerComponent final : public Component {
 public:
  std::string summary() const override { return "gives pods their nodes"; }
  Status start(const ComponentContext& context) override {
    scheduler::SchedulerOptions options;
    options.leader_election = context.election;
    options.lost_leadership = context.lost_leadership;
    scheduler_ = PLUMB_TRY(scheduler::Scheduler::make(context.client, context.informers, context.clock, std::move(options)));
    scheduler_->start();
    return {};
  }
  void stop() override {
    if (scheduler_) scheduler_->stop();
  }

 private:
  std::unique_ptr<scheduler::Scheduler> scheduler_;
};

const Registered<Component> registered{"kube-scheduler", [] { return std::make_unique<SchedulerComponent>(); }};

}  // namespace
}  // namespace plumb::cluster
