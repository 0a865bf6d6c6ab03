#include "reference/api/types/corev1.h"
#include "reference/controllers/framework/controller.h"

namespace plumb::controllers {
namespace {

class Sundial final : public Controller {
 public:
  void watch(Watches& watches) override { watches.watch_keys<corev1::ConfigMap>(); }
  Plan reconcile(const std::string&, const Now&) override { return {}; }
  std::string component() const override { return "sundial-controller"; }
  std::string queue_name() const override { return "sundial"; }
  std::vector<apiserver::Grant> grants() const override {
    return {{"get", "core", "configmaps"}};
  }
};

const Registered<Controller> registered{"sundial", [] { return std::make_unique<Sundial>(); }};

}  // namespace
}  // namespace plumb::controllers
