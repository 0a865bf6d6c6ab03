#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Nodes final : public Plain<corev1::Node> {
 public:
  Nodes() : Plain(Names{"nodes", "node", {"no"}, {}, false}) {}
  std::vector<std::string_view> subresources() const override { return {"proxy"}; }
  std::string storage_prefix() const override { return "minions"; }
};

const Registered<Resource> registered{"nodes", [] { return std::make_unique<Nodes>(); }};

}  // namespace
}  // namespace plumb::resources
