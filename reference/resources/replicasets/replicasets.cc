#include "reference/api/types/appsv1.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

class ReplicaSets final : public Typed<appsv1::ReplicaSet> {
 public:
  ReplicaSets() : Typed(Names{"replicasets", "replicaset", {"rs"}, {"all"}, true}) {}
  bool has_scale() const override { return true; }

 protected:
  void defaults(appsv1::ReplicaSet& object) const override {
    if (!object.spec.replicas) object.spec.replicas = 1;
  }
};

const Registered<Resource> registered{"replicasets.apps", [] { return std::make_unique<ReplicaSets>(); }};

}  // namespace
}  // namespace plumb::resources
