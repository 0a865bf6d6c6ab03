#include "reference/api/types/corev1.h"
#include "reference/resources/shared/type_defaults.h"
#include "reference/resources/shared/typed.h"

namespace plumb::resources {
namespace {

const TypeDefault<corev1::NodeStatus> status{[](corev1::NodeStatus& status) {
  if (status.allocatable.empty()) status.allocatable = status.capacity;
}};

class Nodes final : public Typed<corev1::Node> {
 public:
  Nodes() : Typed(Names{"nodes", "node", {"no"}, {}, false}) {}
  std::vector<std::string_view> subresources() const override { return {"proxy"}; }
  std::string storage_prefix() const override { return "minions"; }
  bool has_generation() const override { return false; }

 protected:
  // A kubelet registers its node with its status.
  bool keeps_status_at_create() const override { return true; }
};

const Registered<Resource> registered{"nodes", [] { return std::make_unique<Nodes>(); }};

}  // namespace
}  // namespace plumb::resources
