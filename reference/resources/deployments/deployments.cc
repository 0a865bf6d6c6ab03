#include "reference/api/types/appsv1.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class Deployments final : public Typed<appsv1::Deployment> {
 public:
  Deployments() : Typed(Names{"deployments", "deployment", {"deploy"}, {"all"}, true}) {}
  bool has_scale() const override { return true; }

 protected:
  void defaults(appsv1::Deployment& object) const override {
    auto& spec = object.spec;
    if (!spec.replicas) spec.replicas = 1;
    if (spec.strategy.type.empty()) spec.strategy.type = "RollingUpdate";
    if (spec.strategy.type == "RollingUpdate") {
      auto& rolling = spec.strategy.rollingUpdate.ensure();
      if (!rolling.maxUnavailable) rolling.maxUnavailable = "25%";
      if (!rolling.maxSurge) rolling.maxSurge = "25%";
    }
    if (!spec.revisionHistoryLimit) spec.revisionHistoryLimit = 10;
    if (!spec.progressDeadlineSeconds) spec.progressDeadlineSeconds = 600;
  }
};

const Registered<Resource> registered{"deployments.apps", [] { return std::make_unique<Deployments>(); }};

}  // namespace
}  // namespace plumb::resources
