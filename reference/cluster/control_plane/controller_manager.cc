// The controller manager: every registered controller over one client and one set of caches.
#include "reference/cluster/control_plane/component.h"
#include "reference/controllers/framework/driver.h"

namespace plumb::cluster {
namespace {

class ControllerManager final : public Component {
 public:
  ~ControllerManager() override {
    for (auto& driver : drivers_) driver->stop();
  }
  std::string summary() const override { return "runs the controllers (deployment, replicaset, …)"; }
  Status start(const ComponentContext& context) override {
    const controllers::Options options({{"root-ca", context.root_ca_pem}});
    for (const auto& [name, make] : Registry<controllers::Controller>::all())
      drivers_.push_back(std::make_unique<controllers::Driver>(name, make(), context.client, context.informers, context.clock, options));
    for (auto& driver : drivers_) driver->start();
    return {};
  }

 private:
  std::vector<std::unique_ptr<controllers::Driver>> drivers_;
};

const Registered<Component> registered{"kube-controller-manager", [] { return std::make_unique<ControllerManager>(); }};

}  // namespace
}  // namespace plumb::cluster
