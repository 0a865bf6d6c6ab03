#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Pods final : public Plain<corev1::Pod> {
 public:
  Pods() : Plain(Names{"pods", "pod", {"po"}, {"all"}, true}) {}
  std::vector<std::string_view> subresources() const override { return {"attach", "binding", "ephemeralcontainers", "eviction", "exec", "log", "portforward", "proxy", "resize"}; }
};

const Registered<Resource> registered{"pods", [] { return std::make_unique<Pods>(); }};

}  // namespace
}  // namespace plumb::resources
