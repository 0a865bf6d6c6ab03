#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Serviceaccounts final : public Plain<corev1::ServiceAccount> {
 public:
  Serviceaccounts() : Plain(Names{"serviceaccounts", "serviceaccount", {"sa"}, {}, true}) {}
  std::vector<std::string_view> subresources() const override { return {"token"}; }
};

const Registered<Resource> registered{"serviceaccounts", [] { return std::make_unique<Serviceaccounts>(); }};

}  // namespace
}  // namespace plumb::resources
