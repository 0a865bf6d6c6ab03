// The controller manager: every registered controller over one client and one set of caches.
#include "reference/cluster/control_plane/component.h"
#include "reference/controllers/framework/manager.h"

namespace plumb::cluster {
namespace {

class ControllerManager final : public Component {
 public:
  std::string summary() const override { return "runs the controllers: deployment, replicaset, garbage collector, …"; }
  Status start(const ComponentContext& context) override {
    controllers::ManagerOptions options;
    options.options = controllers::Options({{"root-ca-pem", context.root_ca_pem}});
    // All controllers write as the controller manager itself.
    const auto client = [&context_client = context.client](std::string_view) -> informer::Client& { return context_client; };
    manager_ = std::make_unique<controllers::Manager>(std::move(options), client, context.informers, context.clock);
    return manager_->start();
  }
  void stop() override {
    if (manager_) manager_->stop();
  }

 private:
  std::unique_ptr<controllers::Manager> manager_;
};

const Registered<Component> registered{"kube-controller-manager", [] { return std::make_unique<ControllerManager>(); }};

}  // namespace
}  // namespace plumb::cluster
