#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Componentstatuses final : public Plain<corev1::ComponentStatus> {
 public:
  Componentstatuses() : Plain(Names{"componentstatuses", "componentstatus", {"cs"}, {}, false}) {}
  std::vector<std::string_view> verbs() const override { return {"get", "list"}; }
};

const Registered<Resource> registered_componentstatuses{"componentstatuses", [] { return std::make_unique<Componentstatuses>(); }};

}  // namespace
}  // namespace plumb::resources
