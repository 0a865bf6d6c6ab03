#include "reference/api/types/corev1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

class Namespaces final : public Plain<corev1::Namespace> {
 public:
  Namespaces() : Plain(Names{"namespaces", "namespace", {"ns"}, {}, false}) {}
  std::vector<std::string_view> subresources() const override { return {"finalize"}; }
  std::vector<std::string_view> verbs() const override { return {"create", "delete", "get", "list", "patch", "update", "watch"}; }
};

const Registered<Resource> registered{"namespaces", [] { return std::make_unique<Namespaces>(); }};

}  // namespace
}  // namespace plumb::resources
