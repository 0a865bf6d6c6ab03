#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Endpoints final : public Plain<corev1::Endpoints> {
 public:
  Endpoints() : Plain(Names{"endpoints", "endpoints", {"ep"}, {}, true}) {}
  std::string storage_prefix() const override { return "services/endpoints"; }
};

const Registered<Resource> registered{"endpoints", [] { return std::make_unique<Endpoints>(); }};

}  // namespace
}  // namespace plumb::resources
