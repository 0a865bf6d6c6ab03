#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Services final : public Plain<corev1::Service> {
 public:
  Services() : Plain(Names{"services", "service", {"svc"}, {"all"}, true}) {}
  std::vector<std::string_view> subresources() const override { return {"proxy"}; }
  std::string storage_prefix() const override { return "services/specs"; }
};

const Registered<Resource> registered{"services", [] { return std::make_unique<Services>(); }};

}  // namespace
}  // namespace plumb::resources
