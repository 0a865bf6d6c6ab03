#include "reference/api/types/networkingv1.h"
#include "reference/resources/resource.h"

namespace plumb::resources {
namespace {

const Registered<Resource> registered{"networkpolicies.networking.k8s.io",
                                      [] { return std::make_unique<Plain<networkingv1::NetworkPolicy>>(Names{"networkpolicies", "networkpolicy", {"netpol"}, {}, true}); }};

}  // namespace
}  // namespace plumb::resources
