// The scheduler as a component of the control plane.
#include "harness/base/file.h"
#include "reference/cluster/control_plane/component.h"
#include "reference/scheduler/configuration.h"

namespace plumb::cluster {
namespace {

class SchedulerComponent final : public Component {
 public:
  std::string summary() const override { return "gives pods their nodes"; }
  void declare(Arguments& arguments) override {
    arguments.group("Scheduler");
    arguments.option("--config", configuration_, "a KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1): profiles, plugins and their arguments");
    arguments.group("Options");
  }
  Status start(const ComponentContext& context) override {
    scheduler::SchedulerOptions options = PLUMB_TRY(read_options());
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
  Result<scheduler::SchedulerOptions> read_options() const {
    if (configuration_.empty()) return scheduler::SchedulerOptions();
    auto read = scheduler::read_configuration(PLUMB_TRY(read_file(configuration_)));
    if (!read.ok()) return std::move(read).error().in("read the scheduler's configuration " + configuration_);
    return read;
  }

  std::string configuration_;
  std::unique_ptr<scheduler::Scheduler> scheduler_;
};

const Registered<Component> registered_scheduler{"kube-scheduler", [] { return std::make_unique<SchedulerComponent>(); }};

}  // namespace
}  // namespace plumb::cluster
