#include "reference/api/types/networkingv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"ingresses.networking.k8s.io",
                                      [] { return std::make_unique<Plain<networkingv1::Ingress>>(Names{"ingresses", "ingress", {"ing"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
