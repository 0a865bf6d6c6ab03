#include "reference/api/types/networkingv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"ingressclasses.networking.k8s.io",
                                      [] { return std::make_unique<Plain<networkingv1::IngressClass>>(Names{"ingressclasses", "ingressclass", {}, {}, false}); }};

}  // namespace
}  // namespace plumb::resources
